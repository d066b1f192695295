"""A compiled step of a single environment, for which a call costs far more than the step."""

from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Int

from engrax.envs.ballet.environment import Ballet
from engrax.envs.ballet.stage import BalletState
from engrax.envs.grid.walk import CENTRE
from engrax.types import TimeStep, tree_where

LOOK = -1  # no action: shows the state as it is
LOOKAHEAD = 8


class Report(NamedTuple):
    """A time step without its picture, as plain integers."""

    token: Any
    reward: Any
    discount: Any
    last: Any
    success: Any
    effective: Any


NO_EPISODE = Report(token=0, reward=0, discount=1, last=1, success=0, effective=0)


class Player:
    """A level's step for one environment, compiled.

    A call takes some 100 microseconds, of which the step itself is a few. So all numbers travel as
    one vector (the state first and then the report), and a call shows the next `LOOKAHEAD` steps at
    once, as they will be if no action has an effect: during the dances none has, and the caller
    need not call again for them.
    """

    def __init__(self, task: Ballet):
        self._task = task
        self._key = jax.random.key(0)  # what `advance` asks for and does not use
        template, self._unravel = ravel_pytree(task.draw(self._key))
        self._size = template.size
        self._shape = (LOOKAHEAD, *task.interface.observations[task.modality].shape)
        self._play = jax.jit(self._look_ahead)

    def opening(self, deal: Sequence[np.ndarray]) -> Int[np.ndarray, " m"]:
        """The numbers of an episode's first state, from the leaves of its cast, with room for a
        report.
        """
        stage = np.array([0, CENTRE, CENTRE], np.int32)
        return np.concatenate(
            [*(np.ravel(leaf) for leaf in deal), stage, np.zeros(len(Report._fields), np.int32)]
        )

    def play(
        self, numbers: Int[np.ndarray, " m"], action: int
    ) -> tuple[np.ndarray, Int[np.ndarray, "k m"]]:
        """Views and numbers from the step an action leads to (`LOOK`: from this one) on.

        Each further entry holds only if the action taken before it has no effect.
        """
        views, numbers = self._play(numbers, np.int32(action))
        return np.asarray(views).reshape(self._shape), np.asarray(numbers)

    def report(self, numbers: Int[np.ndarray, " m"]) -> Report:
        """Reads the report."""
        return Report(*numbers[self._size :].tolist())

    def _look_ahead(self, numbers: Array, action: Array) -> tuple[Array, Array]:
        state = self._unravel(numbers[: self._size])
        state = tree_where(action == LOOK, state, self._task.advance(state, action, self._key))
        steps = state.step + jnp.arange(LOOKAHEAD, dtype=jnp.int32)
        return jax.vmap(lambda step: self._show(eqx.tree_at(lambda s: s.step, state, step)))(steps)

    def _show(self, state: BalletState) -> tuple[Array, Array]:
        step = self._task.observe(state)
        return step.observation[self._task.modality], jnp.concatenate(
            [ravel_pytree(state)[0], _report(step)]
        )


@cache
def compiled_player(task: Ballet) -> Player:
    """The player of a level, shared by all its environments, so that it compiles once."""
    return Player(task)


def _report(step: TimeStep) -> Int[Array, " r"]:
    """The step's numbers, in the order of `Report`."""
    report = Report(
        token=step.observation["text"][0],
        reward=step.reward,
        discount=step.discount,
        last=step.last,
        success=step.info["success"],
        effective=step.effective,
    )
    return jnp.stack([value.astype(jnp.int32) for value in report])
