"""Environments of gymnax as tasks: traced, so that acting and learning are one program."""

from collections.abc import Mapping
from functools import lru_cache
from importlib import import_module
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Key, PyTree

from engrax.envs.base import AbstractEnvironment
from engrax.envs.choices import json_object
from engrax.errors import ConfigError, suggest
from engrax.types import (
    Action,
    Actions,
    Continuous,
    Discrete,
    Interface,
    Observation,
    Spec,
    SymbolsSpec,
    TimeStep,
    VectorSpec,
)


class GymnaxState(NamedTuple):
    """An episode, and the transition that led to where it is.

    Attributes:
        inner: the environment's own state.
        observation: what it shows, by part.
        reward: of the transition.
        terminated: whether the episode truly ended.
        truncated: whether it was cut off by the limit of steps.
        first: whether the episode opens.
    """

    inner: PyTree
    observation: Observation
    reward: Float[Array, ""]
    terminated: Bool[Array, ""]
    truncated: Bool[Array, ""]
    first: Bool[Array, ""]


class Gymnax(AbstractEnvironment[GymnaxState]):
    """An environment of gymnax (1.0 or later), by its id.

    A limit of steps truncates an episode; it does not terminate it.
    """

    id: str = eqx.field(static=True)
    """Its id, such as CartPole-v1."""
    kwargs: str = eqx.field(static=True, default="{}")
    """Keyword arguments of gymnax.make, as a JSON object."""
    params: str = eqx.field(static=True, default="{}")
    """Fields of the environment's parameters to change, as a JSON object."""

    def __check_init__(self):
        self._made  # noqa: B018

    @property
    def _made(self) -> tuple[Any, Any]:
        return _make(self.id, self.kwargs, self.params)

    @property
    def interface(self) -> Interface:
        """One part for each entry of the observation space; `observation` where it has none."""
        env, params = self._made
        leaves = _leaves(env.observation_space(params))
        return Interface(
            {name: _spec(self.id, name, leaf) for name, leaf in leaves.items()},
            _actions(self.id, env.action_space(params)),
        )

    def draw(self, key: Key[Array, ""]) -> GymnaxState:
        """Resets the environment."""
        env, params = self._made
        observation, inner = env.reset_env(key, params)
        inner = jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.result_type(leaf)), inner)
        no = jnp.zeros((), bool)
        return GymnaxState(inner, self._parts(observation), jnp.zeros((), jnp.float32), no, no, ~no)

    def advance(self, state: GymnaxState, action: Action, key: Key[Array, ""]) -> GymnaxState:
        """Steps the environment, without its own automatic reset."""
        env, params = self._made
        observation, inner, reward, terminated, _ = env.step_env(key, state.inner, action, params)
        # As `draw` has them: Python numbers would change the state's types from step to step.
        inner = jax.tree.map(lambda new, old: jnp.asarray(new, old.dtype), inner, state.inner)
        return GymnaxState(
            inner,
            self._parts(observation),
            jnp.asarray(reward, jnp.float32).reshape(()),
            jnp.asarray(terminated, bool).reshape(()),
            jnp.asarray(env.is_truncated(inner, params), bool).reshape(()),
            jnp.zeros((), bool),
        )

    def is_last(self, state: GymnaxState) -> Bool[Array, ""]:
        """Whether the episode is over."""
        return state.terminated | state.truncated

    def observe(self, state: GymnaxState) -> TimeStep:
        """What the environment shows; a truncation has discount 1."""
        return TimeStep(
            observation=state.observation,
            reward=state.reward,
            discount=(~state.terminated).astype(jnp.float32),
            first=state.first,
            last=self.is_last(state),
        )

    def _parts(self, observation: Any) -> Observation:
        specs = self.interface.observations
        shown = observation if isinstance(observation, Mapping) else {WHOLE: observation}
        return {
            name: jnp.asarray(shown[name]).reshape(spec.shape).astype(spec.dtype)
            for name, spec in specs.items()
        }


WHOLE = "observation"
"""The name of an observation that has no parts."""


@lru_cache(maxsize=64)
def _make(name: str, kwargs: str, changed: str) -> tuple[Any, Any]:
    """The environment and its parameters.

    Raises:
        ConfigError: gymnax is missing, there is no such id, or an argument does not fit.
    """
    try:
        gymnax = import_module("gymnax")
    except ImportError as problem:
        raise ConfigError(
            f"gymnax:{name} needs gymnax, which cannot be imported ({problem}): pip install "
            '"engrax[gymnax]"'
        ) from problem
    if name not in gymnax.registered_envs:
        hint = suggest(name, gymnax.registered_envs)
        raise ConfigError(f"gymnax has no environment {name!r}: {hint}")
    arguments, changes = json_object("kwargs", kwargs), json_object("params", changed)
    try:
        with jax.ensure_compile_time_eval():  # may be asked for while JAX traces
            env, params = gymnax.make(name, **arguments)
            return env, params.replace(**changes)
    except (TypeError, ValueError) as problem:
        raise ConfigError(
            f"gymnax:{name} with {arguments} and parameters {changes} cannot be made: {problem}"
        ) from problem


def _leaves(space: Any) -> dict[str, Any]:
    """The spaces of the parts of an observation."""
    return (
        dict(space.spaces) if isinstance(getattr(space, "spaces", None), dict) else {WHOLE: space}
    )


def _spec(name: str, part: str, space: Any) -> Spec:
    """What agents see of a space: categories, a grid of bits, or a vector."""
    if hasattr(space, "n"):
        return SymbolsSpec(1, 1, (int(space.n),))
    if not hasattr(space, "shape"):
        raise ConfigError(
            f"gymnax:{name}: observation {part!r} is {type(space).__name__}, expected Box, "
            "Discrete, or a Dict of these"
        )
    shape = tuple(space.shape)
    if len(shape) == 3 and np.dtype(space.dtype) == np.bool_:
        return SymbolsSpec(shape[0], shape[1], (2,) * shape[2])
    return VectorSpec(max(int(np.prod(shape)), 1))


def _actions(name: str, space: Any) -> Actions:
    if hasattr(space, "n"):
        return Discrete(int(space.n))
    if hasattr(space, "low"):
        bounds = (np.broadcast_to(bound, space.shape).ravel() for bound in (space.low, space.high))
        return Continuous(*(tuple(float(number) for number in bound) for bound in bounds))
    raise ConfigError(
        f"gymnax:{name}: actions are {type(space).__name__}, expected Discrete or Box"
    )
