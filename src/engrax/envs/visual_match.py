"""Visual match: a colour seen long ago tells where to go at the end (Hung et al. 2019)."""

from dataclasses import replace

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, Key

from engrax.envs.choices import one_of
from engrax.envs.delayed import (
    ACT,
    BLOCK,
    EXPLORE,
    FLOORS,
    LOWER,
    SIGHT,
    AbstractDelayed,
    DelayedState,
    two_rooms,
)
from engrax.envs.grid.patches import Patches, floor, join, patches, room, square_of
from engrax.envs.grid.tables import COLOURS, OBJECT, WALL
from engrax.envs.grid.walk import in_view, touching
from engrax.envs.shuffling import falling, uniform_digits, without_repetition
from engrax.envs.views import View

HALL, ENTRANCE = (1, 1, 3, 9), (4, 4, 2, 3)
THREE, FOUR = (2, 5, 8), (2, 4, 6, 8)
"""Columns of the coloured squares in the hall's first row: of the active task, and the passive."""
CORRIDOR, HELD, FACED = (2, 5, 3, 1), (2, 5), (1, 5)
NOTHING = -1


def _walls() -> np.ndarray:
    """The squares of the two rooms' walls, rows and columns [26, 2]."""
    solid = np.zeros((BLOCK[0] + BLOCK[2], BLOCK[1] + BLOCK[3]), bool)
    for wall, rectangles in ((True, [BLOCK]), (False, FLOORS)):
        for row, column, height, width in rectangles:
            solid[row : row + height, column : column + width] = wall
    return np.argwhere(solid).astype(np.int32)


WALLS = _walls()


def hall_with_entrance() -> Patches:
    """A hall, and below its middle an entrance."""
    return join(room(*HALL), room(*ENTRANCE), floor(*HALL))


class MatchState(eqx.Module):
    """The colours.

    Attributes:
        colours: of the squares in the hall, 0..18.
        target: which of them has the colour that was shown.
        wall: which wall square shows it, in the active task.
        start: which square of the lower room the agent starts on, in the active task.
        chosen: the square that was entered, or `NOTHING`.
        chosen_on: the step of this.
        seen: whether the colour has been in view.
    """

    colours: Int[Array, " n"]
    target: Int[Array, ""]
    wall: Int[Array, ""]
    start: Int[Array, ""]
    chosen: Int[Array, ""]
    chosen_on: Int[Array, ""]
    seen: Bool[Array, ""]


class VisualMatch(AbstractDelayed[MatchState]):
    """A colour is shown, apples are collected, and the square of that colour is to be entered.

    Phase 1, passive: the agent is held in a corridor before a square of the colour. Active: it
    starts in the lower of two rooms, and one square of their walls has the colour; there is no
    reward for seeing it. Phase 2: ten apples, which come again 21 steps after they were taken;
    those of an episode are all worth 1, or all 10. Phase 3: a hall with squares of different
    colours, four in the passive task and three in the active one. Entering the one of the colour
    shown pays 10, another 1 (passive) or 0 (active); then all disappear.

    Actions: N, S, W, E. Observation: `symbols` uint8 [5, 5, 3] or `image` uint8 [45, 45, 3].
    `info`: `success` (on the last step: the right square was entered), `final_reward` and
    `apple_reward` of the step, `phase`, `saw` (the colour has been in view).

    Values of `success`: 1 for a player who has seen the colour and remembers it, 1/4 and 1/3 for
    one who enters any square.

    Source: passive and active visual match of Hung et al. (2019),
    https://arxiv.org/abs/1810.06721, the active one by its released rules (`deepmind-research`,
    `tvt/pycolab`), the passive one after them. There colours are those of one setting and keep
    their places, as with `fixed`; here both are drawn for every episode.
    """

    active: bool = eqx.field(static=True, default=False)
    """Whether the agent has to find the colour in the first phase."""
    phases: tuple[int, ...] = eqx.field(static=True, default=(5, 90, 15), converter=tuple)
    """Steps of each phase; the released active task has 15, 90 and 15."""
    apple_rewards: tuple[float, ...] = eqx.field(static=True, default=(1.0, 10.0), converter=tuple)
    """The apples of an episode are worth one of these."""
    fixed: bool = eqx.field(static=True, default=False)
    """Whether every episode has the same colours at the same places."""
    view: View = eqx.field(static=True, default="symbols", converter=one_of(View, "view"))
    """The view: `symbols`, or 9 x 9 `pixels` for each square."""

    @property
    def chance(self) -> float:
        """That of entering any square."""
        return 1 / len(self._columns)

    @property
    def last_start(self) -> tuple[int, int]:
        """In the entrance of the hall."""
        return 5, 5

    @property
    def free_phases(self) -> tuple[bool, bool, bool]:
        """The passive task holds the agent while it shows the colour."""
        return self.active, True, True

    @property
    def _columns(self) -> tuple[int, ...]:
        return THREE if self.active else FOUR

    def draw_own(self, key: Key[Array, ""]) -> MatchState:
        """Distinct colours, the target, where the agent starts and where the colour is."""
        squares, (height, width) = len(self._columns), LOWER[2:]
        sizes = [squares, len(WALLS), height * width, *falling(len(COLOURS), squares)]
        target, wall, start, *digits = uniform_digits(key, sizes)
        drawn = jnp.stack(without_repetition(digits))
        colours = jnp.arange(squares, dtype=jnp.int32) if self.fixed else drawn
        none = jnp.int32(NOTHING)
        own = MatchState(colours, target, wall, start, none, none, jnp.zeros((), bool))
        return replace(own, seen=self._sees(own, *self.start(own)))

    def start(self, own: MatchState) -> tuple[Int[Array, ""], Int[Array, ""]]:
        """In the lower room or the corridor."""
        if self.active:
            return square_of(LOWER, own.start)
        row, column = jnp.asarray(HELD, jnp.int32)
        return row, column

    def places(self, own: MatchState, step: Int[Array, ""]) -> tuple[Patches, Patches]:
        """The rooms or the corridor with the colour; the hall with the coloured squares."""
        del step
        row, column = self._shown_at(own)
        shown = patches(row, column, kind=WALL, colour=1 + own.colours[own.target])
        squares = patches(
            HALL[0],
            jnp.asarray(self._columns),
            kind=OBJECT, colour=1 + own.colours, shown=own.chosen == NOTHING,
        )  # fmt: skip
        first = two_rooms() if self.active else room(*CORRIDOR)
        return join(first, shown), join(hall_with_entrance(), squares)

    def moved(self, state: DelayedState[MatchState], phase: Int[Array, ""]) -> MatchState:
        """Looks for the colour, or enters a square."""
        own = state.own
        columns = jnp.asarray(self._columns)
        on = touching(state.row, state.column, jnp.full_like(columns, HALL[0]), columns)
        enters = jnp.any(on) & (phase == ACT) & (own.chosen == NOTHING)
        return replace(
            own,
            chosen=jnp.where(enters, jnp.argmax(on).astype(jnp.int32), own.chosen),
            chosen_on=jnp.where(enters, state.step, own.chosen_on),
            seen=own.seen | ((phase == EXPLORE) & self._sees(own, state.row, state.column)),
        )

    def judged(self, state: DelayedState[MatchState]) -> tuple[Float[Array, ""], Bool[Array, ""]]:
        """10 on entering the right square, 1 or 0 on entering another."""
        own, wrong = state.own, 0.0 if self.active else 1.0
        solved, now = own.chosen == own.target, own.chosen_on == state.step
        return jnp.where(now, jnp.where(solved, 10.0, wrong), 0.0), solved

    def facts(self, own: MatchState) -> dict[str, Array]:
        """Whether the colour has been in view."""
        return {"saw": own.seen}

    def _shown_at(self, own: MatchState) -> tuple[Int[Array, ""], Int[Array, ""]]:
        row, column = jnp.asarray(WALLS)[own.wall] if self.active else jnp.asarray(FACED, jnp.int32)
        return row, column

    def _sees(
        self, own: MatchState, row: Int[Array, ""], column: Int[Array, ""]
    ) -> Bool[Array, ""]:
        """Whether the square that shows the colour is in view from a place."""
        down, along = self._shown_at(own)
        return in_view(row, column, down, along, SIGHT)
