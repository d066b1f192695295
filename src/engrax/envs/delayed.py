"""Tasks in three phases: explore, collect apples, act on what was found (Hung et al. 2019)."""

import abc
from dataclasses import replace
from typing import Generic, TypeVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Key, UInt8

from engrax.envs.apples import START, Apples
from engrax.envs.base import AbstractEnvironment
from engrax.envs.grid.looking import look, picture_of, spec_of
from engrax.envs.grid.patches import Patches, Rectangle, agent, floor, join, only, patches
from engrax.envs.grid.tables import FOUR_MOVES, WALL
from engrax.envs.grid.timeline import Timeline
from engrax.envs.grid.walk import walk
from engrax.envs.views import View
from engrax.types import Discrete, Interface, Observation, TimeStep

S = TypeVar("S", bound=eqx.Module)

EXPLORE, COLLECT, ACT = range(3)
"""The phases."""
SIGHT = 5
BLOCK: Rectangle = (0, 2, 7, 7)
UPPER, PASSAGE, LOWER = FLOORS = ((1, 3, 2, 5), (3, 4, 1, 3), (4, 3, 2, 5))
"""Floors of two rooms and of a passage between them, in a block of wall."""


def two_rooms() -> Patches:
    """Two rooms, one above the other, and a passage between them."""
    row, column, height, width = BLOCK
    wall = patches(row, column, height=height, width=width, kind=WALL)
    return join(wall, *(floor(*rectangle) for rectangle in FLOORS))


class DelayedState(eqx.Module, Generic[S]):
    """An episode under way.

    Attributes:
        step: steps since the episode's first observation.
        row: of the agent.
        column: of the agent.
        apples: of the second phase.
        own: the state of what is peculiar to a task.
    """

    step: Int[Array, ""]
    row: Int[Array, ""]
    column: Int[Array, ""]
    apples: Apples
    own: S


class AbstractDelayed(AbstractEnvironment[DelayedState[S]]):
    """Three phases of fixed lengths: explore, collect apples, act on what was found.

    The agent is put at the start of each phase. The action on a phase's last step has no effect.
    The episode ends with the last phase, with discount 0.

    Attributes:
        phases: steps of each phase.
        apple_rewards: an episode's apples are worth one of these.
        view: the view.
    """

    phases: eqx.AbstractVar[tuple[int, ...]]
    apple_rewards: eqx.AbstractVar[tuple[float, ...]]
    view: eqx.AbstractVar[View]

    def __check_init__(self):
        if len(self.phases) != 3 or min(self.phases) < 1:
            raise ValueError(f"phases is {self.phases}, expected three numbers of steps from 1 on")
        if not self.apple_rewards:
            raise ValueError("apple_rewards is (), expected the rewards that apples may have")

    @abc.abstractmethod
    def draw_own(self, key: Key[Array, ""]) -> S:
        """What is peculiar to the task, at the start of an episode."""

    @abc.abstractmethod
    def start(self, own: S) -> tuple[Int[Array, ""], Int[Array, ""]]:
        """The row and column where the agent begins the first phase."""

    @abc.abstractmethod
    def places(self, own: S, step: Int[Array, ""]) -> tuple[Patches, Patches]:
        """What is there on a step of the first phase, and of the last."""

    @abc.abstractmethod
    def moved(self, state: DelayedState[S], phase: Int[Array, ""]) -> S:
        """What is peculiar to the task, after the agent's move in a phase."""

    @abc.abstractmethod
    def judged(self, state: DelayedState[S]) -> tuple[Float[Array, ""], Bool[Array, ""]]:
        """The last phase's reward on this step, and whether the task has been solved so far."""

    @abc.abstractmethod
    def facts(self, own: S) -> dict[str, Array]:
        """What `info` says of the task."""

    @property
    @abc.abstractmethod
    def last_start(self) -> tuple[int, int]:
        """The row and column where it begins the last phase."""

    @property
    @abc.abstractmethod
    def chance(self) -> float | None:
        """The success of a player without memory; None where memory does not decide it."""

    @property
    def free_phases(self) -> tuple[bool, bool, bool]:
        """In which phases the agent can move."""
        return True, True, True

    @property
    def timeline(self) -> Timeline:
        """When each phase is."""
        return Timeline(self.phases)

    @property
    def interface(self) -> Interface:
        """The view; four directions."""
        actions = Discrete(len(FOUR_MOVES))
        return Interface(spec_of(self.view, SIGHT), actions, tuple(FOUR_MOVES), chance=self.chance)

    def picture(self, observation: Observation) -> UInt8[Array, "45 45 3"]:
        """The view in pixels, whichever the view."""
        return picture_of(self.view, observation)

    def draw(self, key: Key[Array, ""]) -> DelayedState[S]:
        """The apples, and what is peculiar to the task."""
        apples_key, own_key = jax.random.split(key)
        own = self.draw_own(own_key)
        apples = Apples.drawn(apples_key, self.apple_rewards)
        return DelayedState(jnp.int32(0), *self.start(own), apples, own)

    def advance(
        self, state: DelayedState[S], action: Int[Array, ""], key: Key[Array, ""]
    ) -> DelayedState[S]:
        """Moves the agent, within a phase or to the next. The key is not used."""
        now, step = self.timeline.at(state.step), state.step + 1
        phase, elapsed = self.timeline.at(step)
        free = jnp.asarray(self.free_phases)[now.phase]
        row, column = walk(self._board(state), state.row, state.column, action, FOUR_MOVES)
        row, column = jnp.where(free, row, state.row), jnp.where(free, column, state.column)
        entry = jnp.asarray([START, self.last_start], jnp.int32)[phase - COLLECT]
        row = jnp.where(elapsed == 0, entry[0], row)
        column = jnp.where(elapsed == 0, entry[1], column)
        visited = state.apples.visited(step, row, column)
        taken = jnp.where(phase == COLLECT, visited.taken, state.apples.taken)
        apples = replace(state.apples, taken=taken)
        state = DelayedState(step, row, column, apples, state.own)
        return replace(state, own=self.moved(state, phase))

    def is_last(self, state: DelayedState[S]) -> Bool[Array, ""]:
        """The last phase is over."""
        return state.step == self.timeline.steps - 1

    def observe(self, state: DelayedState[S]) -> TimeStep:
        """The view around the agent, and the reward of the last move."""
        last, (phase, elapsed) = self.is_last(state), self.timeline.at(state.step)
        final, solved = self.judged(state)
        collected = state.apples.reward(state.step)
        ends = elapsed == jnp.asarray(self.phases, jnp.int32)[phase] - 1
        return TimeStep(
            observation=look(self.view, self._board(state), state.row, state.column, SIGHT),
            reward=final + collected,
            discount=1 - last.astype(jnp.float32),
            first=state.step == 0,
            last=last,
            info={
                "success": last & solved,
                "final_reward": final,
                "apple_reward": collected,
                "phase": phase,
                **self.facts(state.own),
            },
            effective=jnp.asarray(self.free_phases)[phase] & ~ends,
        )

    def _board(self, state: DelayedState[S]) -> Patches:
        """All that is there in the present phase, and the agent."""
        phase = self.timeline.at(state.step).phase
        first, last = self.places(state.own, state.step)
        apart = (first, state.apples.scene(state.step), last)
        shown = (only(part, phase == i) for i, part in enumerate(apart))
        return join(*shown, agent(state.row, state.column))
