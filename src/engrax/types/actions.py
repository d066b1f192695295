"""Kinds of action, and the methods of a distribution over actions.

An action is an array of its spec's shape and dtype. Before an episode's first action comes
`none()`, zeros that every agent ignores.
"""

import abc
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Key

from engrax.types.spaces import AbstractSpace

Action = Array
"""An action: int32 for discrete kinds, float32 for continuous ones."""


@runtime_checkable
class Policy(Protocol):
    """A distribution over actions, over any leading axes; `engrax.nn.policies` has one for each
    kind of action.
    """

    def sample(self, key: Key[Array, ""]) -> Action:
        """Draws an action."""
        ...

    def mode(self) -> Action:
        """The most likely action."""
        ...

    def log_probability(self, action: Action) -> Float[Array, "*t"]:
        """The log-probability, or log-density, of an action."""
        ...

    def entropy(self) -> Float[Array, "*t"]:
        """The entropy in nats."""
        ...

    def features(self) -> Float[Array, "*t f"]:
        """The normalised parameters, for networks that take the policy as an input."""
        ...


class AbstractActions(AbstractSpace):
    """A kind of action."""

    @abc.abstractmethod
    def sample(self, key: Key[Array, ""]) -> Action:
        """A uniformly random action; may be traced."""

    @property
    def choices(self) -> tuple[int, ...]:
        """How many choices each component of a discrete action has; empty where it has none."""
        return ()

    def none(self) -> Action:
        """The action before the first one of an episode."""
        return jnp.zeros(self.shape, self.dtype)


@dataclass(frozen=True)
class Discrete(AbstractActions):
    """One of `size` actions: a scalar 0..size-1."""

    size: int

    def __post_init__(self):
        if self.size < 1:
            raise ValueError(f"size is {self.size}, expected at least 1 action")

    @property
    def shape(self) -> tuple[int, ...]:
        """A scalar."""
        return ()

    @property
    def dtype(self) -> np.dtype[Any]:
        """int32."""
        return np.dtype(np.int32)

    @property
    def choices(self) -> tuple[int, ...]:
        """One component."""
        return (self.size,)

    @property
    def bounds(self) -> tuple[Any, Any]:
        """0 to size - 1."""
        return 0, self.size - 1

    def sample(self, key: Key[Array, ""]) -> Action:
        """Each action is equally likely."""
        return jax.random.randint(key, (), 0, self.size, jnp.int32)


@dataclass(frozen=True)
class MultiDiscrete(AbstractActions):
    """Several choices at once: a vector whose component i is 0..sizes[i]-1."""

    sizes: tuple[int, ...]

    def __post_init__(self):
        if not self.sizes or min(self.sizes) < 1:
            raise ValueError(
                f"sizes is {self.sizes}, expected at least one component, each with at least 1 "
                "choice"
            )

    @property
    def shape(self) -> tuple[int, ...]:
        """[components]."""
        return (len(self.sizes),)

    @property
    def dtype(self) -> np.dtype[Any]:
        """int32."""
        return np.dtype(np.int32)

    @property
    def choices(self) -> tuple[int, ...]:
        """The sizes."""
        return self.sizes

    @property
    def bounds(self) -> tuple[Any, Any]:
        """0 to the size - 1, component by component."""
        return 0, np.asarray(self.sizes) - 1

    def sample(self, key: Key[Array, ""]) -> Action:
        """Components are independent, and their choices equally likely."""
        return jax.random.randint(key, self.shape, 0, jnp.asarray(self.sizes, jnp.int32), jnp.int32)


@dataclass(frozen=True)
class Continuous(AbstractActions):
    """A vector of real numbers, component i from low[i] to high[i]."""

    low: tuple[float, ...]
    high: tuple[float, ...]

    def __post_init__(self):
        if not self.low or len(self.low) != len(self.high):
            raise ValueError(
                f"low has {len(self.low)} components and high {len(self.high)}: expected as many, "
                "not 0"
            )
        if not all(
            np.isfinite([a, b]).all() and a < b for a, b in zip(self.low, self.high, strict=True)
        ):
            raise ValueError(
                f"bounds are {self.low} and {self.high}: expected finite numbers, each low below "
                "its high"
            )

    @property
    def shape(self) -> tuple[int, ...]:
        """[components]."""
        return (len(self.low),)

    @property
    def dtype(self) -> np.dtype[Any]:
        """float32."""
        return np.dtype(np.float32)

    @property
    def bounds(self) -> tuple[Any, Any]:
        """low to high, component by component."""
        return np.asarray(self.low, np.float32), np.asarray(self.high, np.float32)

    def sample(self, key: Key[Array, ""]) -> Action:
        """Uniform between the bounds."""
        low, high = (jnp.asarray(bound) for bound in self.bounds)
        return jax.random.uniform(key, self.shape, jnp.float32, low, high)


Actions = AbstractActions
"""A kind of action."""
