"""The Memory Game for Gymnasium: the same game, one at a time."""

from collections.abc import Callable
from functools import cache
from typing import Any, SupportsFloat

import gymnasium
import jax
import numpy as np
from gymnasium import spaces
from jaxtyping import Array

from engrax.envs.gymnasium_common import RENDERS_ARRAYS, check_render_mode, check_turn, observation_space
from engrax.envs.memory_game.environment import MemoryGame, MemoryGameState
from engrax.types import TimeStep

Observation = dict[str, np.ndarray]
Info = dict[str, Any]
Turn = tuple[MemoryGameState, TimeStep]


class GymnasiumMemoryGame(gymnasium.Env[Any, Any]):
    """The `MemoryGame`, one episode at a time, registered as "engrax/MemoryGame-v0".

    Rules and pictures are those of `engrax.envs.memory_game.MemoryGame`, run by the same code. `reset(seed=s)` opens
    the same episode each time, and every later `reset()` another.

    Observations are dicts: `image` uint8 [8 * rows * scale, 8 * columns * scale, 3] or `symbols` uint8 [1, 1, 1].
    `info` is the task's: `cards`, `seen`, `gone`. Episodes are `terminated` after 3 * `pairs` flips, and
    never `truncated`.
    """

    metadata = RENDERS_ARRAYS

    def __init__(self, pairs: int = 8, view: str = "pixels", scale: int = 1, render_mode: str | None = None):
        """Lays the table.

        Args:
            pairs: see `MemoryGame`, as for the next two.
            view: "pixels" or "symbols".
            scale: at least 1.
            render_mode: None or "rgb_array".

        Raises:
            ValueError: if one of these is outside its range.
        """
        check_render_mode(render_mode, "the Memory Game")
        self.task = MemoryGame(pairs, view, scale)
        self.render_mode = render_mode
        self.action_space = spaces.Discrete(self.task.interface.actions.size)
        self.observation_space = observation_space(self.task.interface.observations)
        self._open, self._flip, self._picture = _compiled(self.task)
        self._turn: Turn | None = None

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Observation, Info]:
        """Deals the cards: as this seed has it, or without a seed anew."""
        super().reset(seed=seed, options=options)
        self._turn = self._open(self.np_random.integers(2**32, dtype=np.uint32))
        return self._seen(self._turn)

    def step(self, action: int | np.integer) -> tuple[Observation, SupportsFloat, bool, bool, Info]:
        """Flips a card.

        Raises:
            gymnasium.error.ResetNeeded: if no episode is under way.
            ValueError: if there is no such card.
        """
        over = self._turn is None or bool(self._turn[1].last)
        expected = f"an integer from 0 to {self.action_space.n - 1}: a card, row by row"
        check_turn(over, action, self.action_space, "the Memory Game", expected)
        self._turn = self._flip(self._turn, np.int32(action))
        step = self._turn[1]
        observation, info = self._seen(self._turn)
        return observation, float(step.reward), bool(step.last), False, info

    def render(self) -> np.ndarray | None:
        """The task's picture, uint8 `[h, w, 3]`, if `render_mode` is "rgb_array" and there is an episode."""
        if self.render_mode is None or self._turn is None:
            return None
        return np.array(self._picture(self._turn[1].observation))

    def _seen(self, turn: Turn) -> tuple[Observation, Info]:
        """Copies, which are the caller's own."""
        step = turn[1]
        info = {name: np.array(value) for name, value in step.info.items()}
        observation = {name: np.array(value) for name, value in step.observation.items()}
        return observation, info


@cache
def _compiled(task: MemoryGame) -> tuple[Callable[..., Turn], Callable[..., Turn], Callable[..., Array]]:
    """From a seed the first turn, from a turn and an action the next, and the picture of an observation.

    Shared by all environments of a task, so that each is compiled once.
    """
    key = jax.random.key(0)  # what `advance` asks for and does not use

    def flip(turn: Turn, action: Array) -> Turn:
        state = task.advance(turn[0], action, key)
        return state, task.observe(state)

    return jax.jit(lambda seed: task.reset(jax.random.key(seed))), jax.jit(flip), jax.jit(task.picture)
