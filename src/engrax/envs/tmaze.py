"""The passive T-maze: a sign at the start of a long corridor says which way to turn at its end."""

from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Key

from engrax.envs.base import AbstractEnvironment
from engrax.types import Discrete, Interface, TimeStep, VectorSpec

ACTIONS = ("right", "up", "left", "down")
RIGHT, UP, LEFT, DOWN = range(4)


class TMazeState(NamedTuple):
    """An episode of `TMaze`.

    Attributes:
        time: the number of the step.
        place: squares from the start of the corridor.
        goal: whether the goal is up.
        success: whether the last action turned to the goal; false before it.
        behind: whether the agent is behind the quickest one.
    """

    time: Int[Array, ""]
    place: Int[Array, ""]
    goal: Bool[Array, ""]
    success: Bool[Array, ""]
    behind: Bool[Array, ""]


class TMaze(AbstractEnvironment[TMazeState]):
    """A sign at the start says up or down; at the end of the corridor that way leads to the goal.

    The corridor has `length` squares, and the agent starts on the first. An episode has as many
    actions as the quickest way to the goal: right all the time, then the turn. So one sign must be
    remembered for `length` steps, and where to go is no question. Every action but the last costs
    1 / length if the agent is behind the quickest way after it. The last action is rewarded 1 if it
    turns to the goal at the end of the corridor.

    Observations: `vector`, `[3]`: 1 for a sign that says up, 1 for one that says down, at the start
    only; and 1 at the end of the corridor. Actions: right, up, left, down.

    Values: 1 for a player who walks right and remembers the sign, 0.5 for one who forgets it.

    Info: `success`, at the last step, whether the goal was reached.

    Source: the passive T-maze of Ni et al. 2023, arXiv 2307.03864, after Bakker 2001. What is shown
    at the end of the corridor, and the order of the actions, are ours.
    """

    length: int = eqx.field(static=True, default=50)
    """Squares of the corridor, at least 1: the steps that the sign must be remembered for."""

    def __check_init__(self):
        if self.length < 1:
            raise ValueError(f"length is {self.length}, expected at least 1: squares to walk.")

    @property
    def interface(self) -> Interface:
        """A vector (sign up, sign down, at the end), and four actions."""
        return Interface(
            {"vector": VectorSpec(3)}, Discrete(len(ACTIONS)), ACTIONS, chance=self.chance
        )

    @property
    def chance(self) -> float:
        """The value of a player who walks right and has forgotten the sign."""
        return 0.5

    def draw(self, key: Key[Array, ""]) -> TMazeState:
        """At the start; up and down are equally likely."""
        zero, no = jnp.zeros((), jnp.int32), jnp.zeros((), bool)
        return TMazeState(zero, zero, jax.random.bernoulli(key), no, no)

    def advance(self, state: TMazeState, action: Int[Array, ""], key: Key[Array, ""]) -> TMazeState:
        """Walks along the corridor; the action at its end counts if the agent is there in time."""
        del key
        turn = jnp.where(state.goal, UP, DOWN)
        success = (state.time == self.length) & (state.place == self.length) & (action == turn)
        step = (action == RIGHT).astype(jnp.int32) - (action == LEFT).astype(jnp.int32)
        place = jnp.clip(state.place + step, 0, self.length)
        behind = (state.time < self.length) & (place <= state.time)
        return TMazeState(state.time + 1, place, state.goal, success, behind)

    def is_last(self, state: TMazeState) -> Bool[Array, ""]:
        """After `length` steps along the corridor, and one turn."""
        return state.time == self.length + 1

    def observe(self, state: TMazeState) -> TimeStep:
        """Shows the sign at the start, and the end of the corridor."""
        last, behind = self.is_last(state), state.behind.astype(jnp.float32)
        return TimeStep(
            observation={"vector": self._seen(state)},
            reward=state.success.astype(jnp.float32) - behind / self.length,
            discount=(~last).astype(jnp.float32),
            first=state.time == 0,
            last=last,
            info={"success": state.success},
        )

    def _seen(self, state: TMazeState) -> Float[Array, "3"]:
        sign = (state.time == 0) & jnp.stack([state.goal, ~state.goal])
        return jnp.append(sign, state.place == self.length).astype(jnp.float32)
