"""A latent T-maze: what was seen without reward turns out to matter (Wayne et al. 2018)."""

from dataclasses import replace

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Bool, Int, Key, UInt8

from engrax.envs.base import AbstractEnvironment
from engrax.envs.choices import check_at_least, check_between, one_of
from engrax.envs.grid.appearance import APPEARANCES, shape_and_colour
from engrax.envs.grid.looking import look, picture_of, spec_of
from engrax.envs.grid.patches import Patches, agent, floor, join, only, patches, room
from engrax.envs.grid.tables import BOX, FOUR_MOVES, OBJECT
from engrax.envs.grid.walk import touching, walk
from engrax.envs.shuffling import falling, uniform_digits, without_repetition
from engrax.envs.views import View
from engrax.types import Discrete, Interface, Observation, TimeStep

SIGHT = 5
EXPLORE, SHOWN, WAIT, CHOOSE = range(4)
"""The phases."""
ROOM = (1, 1, 3, 3)
"""Row and column of the corner, height and width of the room where an object pays."""
ROOM_START, ROOM_OBJECT = (3, 2), (1, 2)
SHOWN_STEPS, CHOOSE_STEPS = 6, 32
"""The most steps of the phases that may end early."""
MOST_ARM, MOST_STEM = 60, 120
"""Boards have fewer than 128 rows and columns."""


class LatentTMazeState(eqx.Module):
    """An episode under way.

    Attributes:
        looks: the appearances of the object that pays and of the other one, by their numbers.
        side: the end where the one that pays is: 0 west, 1 east.
        phase: see `EXPLORE` and those after it.
        clock: steps since the phase began.
        row: of the agent.
        column: of the agent.
    """

    looks: Int[Array, "2"]
    side: Int[Array, ""]
    phase: Int[Array, ""]
    clock: Int[Array, ""]
    row: Int[Array, ""]
    column: Int[Array, ""]


class LatentTMaze(AbstractEnvironment[LatentTMazeState]):
    """A maze is explored without reward; then one of its objects turns out to pay.

    Maze: a T, `stem` squares of corridor and two arms of `arm` squares, with an object at the end
    of each. Colours and shapes of the objects and their sides are drawn for every episode.

    Phase 1, `explore` steps: the agent walks in the maze from the foot of the stem. Nothing pays.
    `guided`: it is held at one end for the first half of the steps, and at the other for the rest.
    Phase 2, at most 6 steps: a room of 3 x 3 squares with one of the two objects. Touching it pays
    1 and ends the phase. Phase 3, `delay` steps: the agent is held in the empty room. Phase 4, at
    most 32 steps: the maze again, from the foot of the stem; both ends are boxes. Reaching a box
    ends the episode, with reward 1 if the object that paid was there and 0 if not, discount 0.
    After the last step: reward 0, discount 1. The action on a phase's last step has no effect.

    Actions: N, S, W, E. Observation: `symbols` uint8 [5, 5, 3] or `image` uint8 [45, 45, 3], the
    squares around the agent. `info`: `success` (this step reached the right box), `phase`.

    Values of `success`: 1 for a player who explores and remembers, 1/2 for one who walks to any
    end, 0.352 for a uniform walk throughout.

    Source: the latent learning task of Wayne et al. (2018), https://arxiv.org/abs/1803.10760; that
    one is three-dimensional and was not released. All numbers here are ours.
    """

    arm: int = eqx.field(static=True, default=3)
    """Squares of an arm, 1 to 60; with 3 an end is not visible from the junction."""
    stem: int = eqx.field(static=True, default=1)
    """Squares of the corridor to the junction, 1 to 120."""
    explore: int = eqx.field(static=True, default=16)
    """Steps of the first phase."""
    delay: int = eqx.field(static=True, default=0)
    """Steps between the second phase and the last."""
    guided: bool = eqx.field(static=True, default=False)
    """Whether the agent is put at both ends in the first phase."""
    view: View = eqx.field(static=True, default="symbols", converter=one_of(View, "view"))
    """The view: `symbols`, or 9 x 9 `pixels` for each square."""

    def __check_init__(self):
        check_between(1, MOST_ARM, arm=self.arm)
        check_between(1, MOST_STEM, stem=self.stem)
        check_at_least(2, explore=self.explore)
        check_at_least(0, delay=self.delay)

    @property
    def interface(self) -> Interface:
        """The view; four directions. Chance is the success of walking to any end."""
        actions = Discrete(len(FOUR_MOVES))
        return Interface(spec_of(self.view, SIGHT), actions, tuple(FOUR_MOVES), chance=0.5)

    def picture(self, observation: Observation) -> UInt8[Array, "45 45 3"]:
        """The view in pixels, whichever the view."""
        return picture_of(self.view, observation)

    def draw(self, key: Key[Array, ""]) -> LatentTMazeState:
        """Two different objects and their sides, all uniform."""
        side, *digits = uniform_digits(key, [2, *falling(APPEARANCES, 2)])
        looks, zero = jnp.stack(without_repetition(digits)), jnp.int32(0)
        place = self._entry(jnp.int32(EXPLORE), zero)
        return LatentTMazeState(looks, side, jnp.int32(EXPLORE), zero, *place)

    def advance(
        self, state: LatentTMazeState, action: Int[Array, ""], key: Key[Array, ""]
    ) -> LatentTMazeState:
        """Moves the agent, or opens the next phase. The key is not used."""
        row, column = walk(self._board(state), state.row, state.column, action, FOUR_MOVES)
        over = self._over(state)
        following = jnp.where((state.phase == SHOWN) & (self.delay == 0), CHOOSE, state.phase + 1)
        phase = jnp.where(over, following, state.phase)
        clock = jnp.where(over, 0, state.clock + 1)
        put, entry = over | self._held(phase), self._entry(phase, clock)
        return replace(
            state,
            phase=phase,
            clock=clock,
            row=jnp.where(put, entry[0], row),
            column=jnp.where(put, entry[1], column),
        )

    def is_last(self, state: LatentTMazeState) -> Bool[Array, ""]:
        """A box is reached, or time is up."""
        return (state.phase == CHOOSE) & self._over(state)

    def observe(self, state: LatentTMazeState) -> TimeStep:
        """The view around the agent, and whether it touched the object or the right box."""
        last, reached = self.is_last(state), self._reached(state)
        success = reached[state.side]
        return TimeStep(
            observation=look(self.view, self._scene(state), state.row, state.column, SIGHT),
            reward=(success | self._touches(state)).astype(jnp.float32),
            discount=1 - jnp.any(reached).astype(jnp.float32),
            first=(state.phase == EXPLORE) & (state.clock == 0),
            last=last,
            info={"success": success, "phase": state.phase},
            effective=~self._held(state.phase) & ~self._over(state),
        )

    @property
    def _ends(self) -> Int[Array, "2"]:
        """The columns of the ends; both are in row 1."""
        return jnp.asarray([1, 2 * self.arm + 1], jnp.int32)

    def _entry(
        self, phase: Int[Array, ""], clock: Int[Array, ""]
    ) -> tuple[Int[Array, ""], Int[Array, ""]]:
        """The row and column where the agent begins a phase, or is held in it."""
        places = jnp.asarray([(1 + self.stem, 1 + self.arm), ROOM_START], jnp.int32)
        row, column = jnp.where(_in_maze(phase), places[0], places[1])
        if not self.guided:
            return row, column
        end = self._ends[(clock >= self.explore // 2).astype(jnp.int32)]
        exploring = phase == EXPLORE
        return jnp.where(exploring, 1, row), jnp.where(exploring, end, column)

    def _held(self, phase: Int[Array, ""]) -> Bool[Array, ""]:
        """Whether the agent cannot move."""
        return (phase == WAIT) | (self.guided & (phase == EXPLORE))

    def _over(self, state: LatentTMazeState) -> Bool[Array, ""]:
        """Whether this is the last step of its phase."""
        steps = jnp.asarray([self.explore, SHOWN_STEPS, self.delay, CHOOSE_STEPS], jnp.int32)
        late = state.clock >= steps[state.phase] - 1
        return late | self._touches(state) | jnp.any(self._reached(state))

    def _touches(self, state: LatentTMazeState) -> Bool[Array, ""]:
        """Whether the agent is on the object that pays."""
        row, column = ROOM_OBJECT
        return (state.phase == SHOWN) & (state.row == row) & (state.column == column)

    def _reached(self, state: LatentTMazeState) -> Bool[Array, "2"]:
        """Which of the ends was chosen by the last move."""
        on = touching(state.row, state.column, jnp.ones(2, jnp.int32), self._ends)
        return on & (state.phase == CHOOSE)

    def _board(self, state: LatentTMazeState) -> Patches:
        """Walls and floors."""
        arms = (1, 1, 1, 2 * self.arm + 1)
        maze = join(room(*arms), room(2, 1 + self.arm, self.stem, 1), floor(*arms))
        in_maze = _in_maze(state.phase)
        return join(only(maze, in_maze), only(room(*ROOM), ~in_maze))

    def _scene(self, state: LatentTMazeState) -> Patches:
        shape, colour = shape_and_colour(state.looks)
        paying = jnp.stack([state.side, 1 - state.side])
        columns = self._ends[paying]
        objects = patches(
            1, columns,
            kind=OBJECT, colour=1 + colour, shape=1 + shape, shown=state.phase == EXPLORE,
        )  # fmt: skip
        boxes = patches(1, columns, kind=BOX, shown=state.phase == CHOOSE)
        row, column = ROOM_OBJECT
        shown = patches(
            row, column,
            kind=OBJECT, colour=1 + colour[0], shape=1 + shape[0], shown=state.phase == SHOWN,
        )  # fmt: skip
        you = agent(state.row, state.column)
        return join(self._board(state), objects, boxes, shown, you)


def _in_maze(phase: Int[Array, ""]) -> Bool[Array, ""]:
    """Whether a phase is in the maze, and not in the room."""
    return (phase == EXPLORE) | (phase == CHOOSE)
