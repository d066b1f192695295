"""Distributions over discrete actions: one choice, or several at once."""

from collections.abc import Iterator
from itertools import accumulate

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Key

from engrax.nn.policies.base import AbstractPolicy
from engrax.types import Action, Discrete, MultiDiscrete

IMPOSSIBLE = -1e9
"""The logit of a choice that a mask forbids: its probability is 0, and all numbers are finite."""


class Categorical(AbstractPolicy):
    """softmax(logits); an action whose logit is minus infinity is never taken and costs nothing.

    Attributes:
        logits: one an action.
    """

    logits: Float[Array, "*t a"]

    @classmethod
    def size(cls, actions: Discrete) -> int:
        """One logit an action."""
        return actions.size

    @classmethod
    def of(cls, actions: Discrete, outputs: Float[Array, "*t a"]) -> "Categorical":
        """The outputs are the logits."""
        del actions
        return cls(outputs)

    @classmethod
    def code_size(cls, actions: Discrete) -> int:
        """As many as there are actions."""
        return actions.size

    @classmethod
    def code(cls, actions: Discrete, action: Int[Array, "*t"]) -> Float[Array, "*t c"]:
        """One-hot."""
        return jax.nn.one_hot(action, actions.size, dtype=jnp.float32)

    @classmethod
    def code_cost(
        cls, actions: Discrete, predicted: Float[Array, "*t c"], action: Action
    ) -> Float[Array, "*t"]:
        """Softmax cross-entropy."""
        return -cls.of(actions, predicted).log_probability(action)

    def masked(self, allowed: Bool[Array, "*t a"]) -> "Categorical":
        """The logits of other actions are `IMPOSSIBLE`."""
        possible = allowed | ~jnp.any(allowed, axis=-1, keepdims=True)
        return Categorical(jnp.where(possible, self.logits, IMPOSSIBLE))

    def sample(self, key: Key[Array, ""]) -> Int[Array, "*t"]:
        """Draws an action."""
        return jax.random.categorical(key, self.logits).astype(jnp.int32)

    def mode(self) -> Int[Array, "*t"]:
        """The action with the largest logit."""
        return jnp.argmax(self.logits, axis=-1).astype(jnp.int32)

    def log_probability(self, action: Int[Array, "*t"]) -> Float[Array, "*t"]:
        """log softmax(logits)[action]."""
        chosen = jax.nn.one_hot(action, self.logits.shape[-1], dtype=jnp.bool_)
        return jnp.sum(jnp.where(chosen, self.features(), 0.0), axis=-1)

    def entropy(self) -> Float[Array, "*t"]:
        """-sum p log p, where 0 log 0 is 0."""
        log_policy = self.features()
        possible = log_policy > -jnp.inf
        finite = jnp.where(possible, log_policy, 0.0)
        return -jnp.sum(jnp.where(possible, jnp.exp(finite) * finite, 0.0), axis=-1)

    def features(self) -> Float[Array, "*t a"]:
        """Log-probabilities."""
        return jax.nn.log_softmax(self.logits)


class Factored(AbstractPolicy):
    """Independent categorical choices, one a component of the action.

    Attributes:
        logits: of all components, one after the other.
        sizes: how many choices each component has.
    """

    logits: Float[Array, "*t o"]
    sizes: tuple[int, ...] = eqx.field(static=True)

    @classmethod
    def size(cls, actions: MultiDiscrete) -> int:
        """One logit a choice of each component."""
        return sum(actions.sizes)

    @classmethod
    def of(cls, actions: MultiDiscrete, outputs: Float[Array, "*t o"]) -> "Factored":
        """The outputs are the logits."""
        return cls(outputs, actions.sizes)

    @classmethod
    def code_size(cls, actions: MultiDiscrete) -> int:
        """As many as there are choices."""
        return sum(actions.sizes)

    @classmethod
    def code(cls, actions: MultiDiscrete, action: Int[Array, "*t k"]) -> Float[Array, "*t c"]:
        """One-hot codes of all components, one after the other."""
        one_hot = lambda i, size: jax.nn.one_hot(action[..., i], size, dtype=jnp.float32)  # noqa: E731
        return jnp.concatenate([one_hot(i, size) for i, size in enumerate(actions.sizes)], axis=-1)

    @classmethod
    def code_cost(
        cls, actions: MultiDiscrete, predicted: Float[Array, "*t c"], action: Action
    ) -> Float[Array, "*t"]:
        """Softmax cross-entropies, summed over components."""
        return -cls.of(actions, predicted).log_probability(action)

    def masked(self, allowed: Bool[Array, "*t o"]) -> "Factored":
        """The logits of other choices are `IMPOSSIBLE`."""
        parts = jnp.split(allowed, self._splits(), axis=-1)
        each = zip(self._components(), parts, strict=True)
        logits = [one.masked(part).logits for one, part in each]
        return Factored(jnp.concatenate(logits, axis=-1), self.sizes)

    def sample(self, key: Key[Array, ""]) -> Int[Array, "*t k"]:
        """Draws all components."""
        keys = jax.random.split(key, len(self.sizes))
        return jnp.stack([one.sample(keys[i]) for i, one in enumerate(self._components())], axis=-1)

    def mode(self) -> Int[Array, "*t k"]:
        """The most likely choice of each component."""
        return jnp.stack([one.mode() for one in self._components()], axis=-1)

    def log_probability(self, action: Int[Array, "*t k"]) -> Float[Array, "*t"]:
        """Summed over components."""
        each = (one.log_probability(action[..., i]) for i, one in enumerate(self._components()))
        return sum(each, start=self._zeros())

    def entropy(self) -> Float[Array, "*t"]:
        """Summed over components."""
        return sum((one.entropy() for one in self._components()), start=self._zeros())

    def features(self) -> Float[Array, "*t o"]:
        """Log-probabilities of all choices."""
        return jnp.concatenate([one.features() for one in self._components()], axis=-1)

    def _zeros(self) -> Float[Array, "*t"]:
        return jnp.zeros(self.logits.shape[:-1], self.logits.dtype)

    def _components(self) -> Iterator[Categorical]:
        return map(Categorical, jnp.split(self.logits, self._splits(), axis=-1))

    def _splits(self) -> list[int]:
        return list(accumulate(self.sizes))[:-1]
