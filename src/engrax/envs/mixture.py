"""Several levels as one task: every episode draws one of them."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Int, Key, PyTree, UInt8

from engrax.envs.ballet import Ballet
from engrax.envs.base import AbstractEnvironment
from engrax.types import Action, Interface, Observation, TimeStep, tree_where


class MixtureState(eqx.Module):
    """Which level is played, and a state of each; those of the others stand still."""

    level: Int[Array, ""]
    states: tuple[PyTree, ...]


class Mixture(AbstractEnvironment[MixtureState]):
    """Levels with the same observations and actions. Each episode draws one of them uniformly.

    A level's episodes follow on one another as they do alone (`restart`), with those of other
    levels between them.

    All levels are computed at every step, and one is shown; so an environment's share of the time
    grows with their number. `info` has what all levels have in the same shape, and `level`, the
    number of the one that is played.

    Source: Lampinen et al. 2021, arXiv 2105.14039, trains on several levels at once.
    """

    levels: tuple[AbstractEnvironment[Any], ...] = eqx.field(
        converter=tuple, default=(Ballet(dance_delay=2), Ballet())
    )
    """The levels, all equally likely; as JSON: [{"kind": "ballet", "dance_delay": 2}, {"kind":
    "ballet"}].
    """

    def __check_init__(self):
        if not self.levels:
            raise ValueError("a mixture has no levels: name at least one")
        for number, level in enumerate(self.levels):
            if difference := self.levels[0].interface.difference(level.interface):
                raise ValueError(
                    f"level {number} of a mixture differs: {difference}; mix levels of a kind"
                )

    @property
    def interface(self) -> Interface:
        """That of the first level; chance is the mean of the levels', where all state one."""
        interfaces = [level.interface for level in self.levels]
        known = [interface.chance for interface in interfaces if interface.chance is not None]
        chance = sum(known) / len(known) if len(known) == len(interfaces) else None
        return replace(interfaces[0], chance=chance, question=None)

    def picture(self, observation: Observation) -> UInt8[Array, "h w 3"] | None:
        """As the first level draws it."""
        return self.levels[0].picture(observation)

    def draw(self, key: Key[Array, ""]) -> MixtureState:
        """A level, and an episode of it."""
        level_key, *keys = jax.random.split(key, len(self.levels) + 1)
        states = (level.draw(key) for level, key in zip(self.levels, keys, strict=True))
        return MixtureState(self._draw_level(level_key), tuple(states))

    def advance(self, state: MixtureState, action: Action, key: Key[Array, ""]) -> MixtureState:
        """The same level, one step further; the others stay as they are."""
        keys = jax.random.split(key, len(self.levels))
        return self._change_played(
            state, lambda i, one: self.levels[i].advance(one, action, keys[i])
        )

    def restart(self, state: MixtureState, key: Key[Array, ""]) -> MixtureState:
        """A level, and an episode of it that follows on that level's episode before."""
        level_key, *keys = jax.random.split(key, len(self.levels) + 1)
        state = self._change_played(state, lambda i, one: self.levels[i].restart(one, keys[i]))
        return replace(state, level=self._draw_level(level_key))

    @property
    def events(self) -> tuple[str, ...]:
        """Those of the levels, where all have the same."""
        named = {level.events for level in self.levels}
        return named.pop() if len(named) == 1 else ()

    def event(self, state: MixtureState) -> Int[Array, ""]:
        """That of the level that is played."""
        pairs = zip(self.levels, state.states, strict=True)
        return _choose(state.level, [level.event(one) for level, one in pairs])

    def _draw_level(self, key: Key[Array, ""]) -> Int[Array, ""]:
        return jax.random.randint(key, (), 0, len(self.levels), jnp.int32)

    def _change_played(
        self, state: MixtureState, change: Callable[[int, PyTree], PyTree]
    ) -> MixtureState:
        """Changes the state of the level that is played, and no other."""
        numbered = enumerate(state.states)
        states = (tree_where(state.level == i, change(i, one), one) for i, one in numbered)
        return replace(state, states=tuple(states))

    def is_last(self, state: MixtureState) -> Bool[Array, ""]:
        """Whether the level that is played has ended."""
        pairs = zip(self.levels, state.states, strict=True)
        return _choose(state.level, [level.is_last(one) for level, one in pairs])

    def observe(self, state: MixtureState) -> TimeStep:
        """What the level that is played shows."""
        steps = [level.observe(one) for level, one in zip(self.levels, state.states, strict=True)]
        shapes = [{(name, of.shape) for name, of in step.info.items()} for step in steps]
        common = sorted(name for name, _ in set.intersection(*shapes))
        steps = [replace(step, info={name: step.info[name] for name in common}) for step in steps]
        shown = _choose(state.level, steps)
        return replace(shown, info={**shown.info, "level": state.level})


def _choose(level: Int[Array, ""], options: Sequence[PyTree]) -> PyTree:
    """The option of a number, out of all: side by side, streams are of different levels."""
    return jax.tree.map(lambda *leaves: jnp.stack(leaves)[level], *options)
