"""Water mazes: hidden platforms of several mazes, which take turns (Wayne et al. 2018)."""

from dataclasses import replace

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Bool, Int, Key, UInt8

from engrax.envs.base import AbstractEnvironment
from engrax.envs.choices import check_at_least, check_between, one_of
from engrax.envs.grid.looking import look, picture_of, spec_of
from engrax.envs.grid.patches import Patches, Rectangle, agent, floor, join, room, square_of
from engrax.envs.grid.tables import COLOURS, MOVES
from engrax.envs.grid.walk import touching, walk
from engrax.envs.shuffling import falling, uniform_digits, without_repetition
from engrax.envs.views import View
from engrax.types import Discrete, Interface, Observation, Question, Repeated, TimeStep

SIGHT = 11
LARGEST = 9
"""Squares on a side of the largest maze: of a larger one the walls are not always in view."""
MOST = len(COLOURS)
VISITS = 8
"""Visits of the means by repetition."""
UNIFORM_WALK = {(3, 7, 300, 50): 3.2, (2, 5, 120, 30): 2.6}
"""Platforms that a uniform walk finds, by mazes, size, steps and limit (simulated)."""


class WaterMazesState(eqx.Module):
    """An episode under way.

    Attributes:
        colours: of each maze's floor, 0..18.
        platforms: the square of each maze's platform, numbered row by row.
        maze: the present one.
        visits: trials so far in each maze.
        known: the mazes whose platform has been found.
        step: steps since the episode's first observation.
        row: of the agent.
        column: of the agent.
        taken: moves of the present trial; where one has `ended`, those of that one.
        ended: whether the last move ended a trial.
        found: whether it reached the platform.
        visit: of the trial that ended last: how many there were in its maze before.
    """

    colours: Int[Array, " m"]
    platforms: Int[Array, " m"]
    maze: Int[Array, ""]
    visits: Int[Array, " m"]
    known: Bool[Array, " m"]
    step: Int[Array, ""]
    row: Int[Array, ""]
    column: Int[Array, ""]
    taken: Int[Array, ""]
    ended: Bool[Array, ""]
    found: Bool[Array, ""]
    visit: Int[Array, ""]


class WaterMazes(AbstractEnvironment[WaterMazesState]):
    """Platforms that cannot be seen are to be found, and found again when their maze comes back.

    A maze is a floor of `size` x `size` squares with a ring of wall, and a colour of its own. One
    uniform square of each is its platform, which is never drawn.

    A trial: a uniform maze, and a uniform start that is not its platform. Entering the platform
    gives reward 1, and the same step shows the start of the next trial. So does the step after
    `limit` moves, with reward 0.

    End: after `length` steps, the first observation included, with discount 0.

    Actions: the eight directions. Observation: `symbols` uint8 [11, 11, 3] or `image` uint8 [99,
    99, 3], the squares around the agent, so that the walls tell its place. `info`: by repetition
    `ended` (this step ended a trial), `visit` (trials in its maze before) and `taken` (the moves
    that it took); `found` (it ended at the platform), `maze` (the present one). For `engrax probe`
    the `platforms` [m], `known` [m] once they were found.

    Values: the mean number of platforms found with the defaults is 71.5 for a player who explores
    and remembers, 17.2 for one who remembers the last platform only, and 3.2 for a uniform walk.
    With 2 mazes of 5 x 5 squares, 120 steps and a limit of 30: 42.4, 16.8 and 2.6.

    Source: the episodic water mazes of Wayne et al. (2018), https://arxiv.org/abs/1803.10760; those
    are three-dimensional and were not released. All numbers here are ours.
    """

    mazes: int = eqx.field(static=True, default=3)
    """How many there are, up to 19."""
    size: int = eqx.field(static=True, default=7)
    """Floor squares on a side, 2 to 9."""
    length: int = eqx.field(static=True, default=300)
    """Steps of an episode."""
    limit: int = eqx.field(static=True, default=50)
    """Moves of a trial, after which it ends without reward."""
    view: View = eqx.field(static=True, default="symbols", converter=one_of(View, "view"))
    """The view: `symbols`, or 9 x 9 `pixels` for each square."""

    def __check_init__(self):
        if not 1 <= self.mazes <= MOST:
            raise ValueError(f"mazes is {self.mazes}, expected 1 to {MOST}, one a colour")
        check_between(2, LARGEST, size=self.size)
        check_at_least(2, length=self.length)
        check_at_least(1, limit=self.limit)

    @property
    def interface(self) -> Interface:
        """The view; the eight directions.

        Chance is the return of a uniform walk. The question: where is each maze's platform? By
        repetition: the moves of a trial by visit.
        """
        numbers = self.mazes, self.size, self.length, self.limit
        return Interface(
            spec_of(self.view, SIGHT),
            Discrete(len(MOVES)),
            tuple(MOVES),
            chance=UNIFORM_WALK.get(numbers),
            question=Question("platforms", "known", self.size**2),
            repeated=Repeated("taken", "visit", "ended", VISITS),
        )

    def picture(self, observation: Observation) -> UInt8[Array, "99 99 3"]:
        """The view in pixels, whichever the view."""
        return picture_of(self.view, observation)

    def draw(self, key: Key[Array, ""]) -> WaterMazesState:
        """Colours, platforms and the first trial, all uniform."""
        squares = [self.size**2] * self.mazes
        digits = uniform_digits(key, [*squares, *falling(MOST, self.mazes), *self._trial])
        platforms, colours = digits[: self.mazes], digits[self.mazes : 2 * self.mazes]
        maze, start = digits[2 * self.mazes :]
        none = jnp.zeros(self.mazes, jnp.int32)
        zero, no = jnp.int32(0), jnp.zeros((), bool)
        hidden = jnp.stack(platforms)
        place = self._start(hidden[maze], start)
        return WaterMazesState(
            jnp.stack(without_repetition(colours)), hidden, maze, none, none > 0, zero, *place,
            zero, no, no, zero,
        )  # fmt: skip

    def advance(
        self, state: WaterMazesState, action: Int[Array, ""], key: Key[Array, ""]
    ) -> WaterMazesState:
        """Moves the agent, or opens the next trial."""
        row, column = walk(self._maze(state), state.row, state.column, action)
        found = touching(row, column, *self._place(state.platforms[state.maze]))
        taken = jnp.where(state.ended, 0, state.taken) + 1
        ended = found | (taken == self.limit)
        maze, start = uniform_digits(key, self._trial)
        place = self._start(state.platforms[maze], start)
        here = jnp.arange(self.mazes, dtype=jnp.int32) == state.maze
        return replace(
            state,
            maze=jnp.where(ended, maze, state.maze),
            visits=jnp.where(here & ended, state.visits + 1, state.visits),
            known=state.known | (here & found),
            step=state.step + 1,
            row=jnp.where(ended, place[0], row),
            column=jnp.where(ended, place[1], column),
            taken=taken,
            ended=ended,
            found=found,
            visit=jnp.where(ended, state.visits[state.maze], state.visit),
        )

    def is_last(self, state: WaterMazesState) -> Bool[Array, ""]:
        """Time is up."""
        return state.step == self.length - 1

    def observe(self, state: WaterMazesState) -> TimeStep:
        """The view around the agent, and whether the last move found the platform."""
        last = self.is_last(state)
        board = join(self._maze(state), agent(state.row, state.column))
        return TimeStep(
            observation=look(self.view, board, state.row, state.column, SIGHT),
            reward=state.found.astype(jnp.float32),
            discount=1 - last.astype(jnp.float32),
            first=state.step == 0,
            last=last,
            info={
                "ended": state.ended,
                "visit": state.visit,
                "taken": state.taken,
                "found": state.found,
                "maze": state.maze,
                "platforms": state.platforms,
                "known": state.known,
            },
            effective=~last,
        )

    @property
    def _floor(self) -> Rectangle:
        return 1, 1, self.size, self.size

    @property
    def _trial(self) -> tuple[int, int]:
        """How many mazes and starts a trial can have."""
        return self.mazes, self.size**2 - 1

    def _maze(self, state: WaterMazesState) -> Patches:
        painted = replace(floor(*self._floor), colour=1 + state.colours[state.maze][None])
        return join(room(*self._floor), painted)

    def _start(
        self, platform: Int[Array, ""], other: Int[Array, ""]
    ) -> tuple[Int[Array, ""], Int[Array, ""]]:
        """A place by its number among the squares without platform."""
        return self._place(jnp.where(other >= platform, other + 1, other))

    def _place(self, square: Int[Array, ""]) -> tuple[Int[Array, ""], Int[Array, ""]]:
        return square_of(self._floor, square)
