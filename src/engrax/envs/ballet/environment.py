"""The Ballet task: watch the dances, then find the dancer whose dance is named."""

from collections.abc import Sequence

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Bool, Int, Key, UInt8

from engrax.envs.ballet.pixels import paint
from engrax.envs.ballet.stage import (
    BalletState,
    choice_time,
    dancer_squares,
    draw_cast,
    open_stage,
    reached,
)
from engrax.envs.ballet.tables import DANCE_LENGTH, DANCES, HOMES, VOCABULARY
from engrax.envs.ballet.view import Scene, view_symbols
from engrax.envs.base import AbstractEnvironment
from engrax.envs.choices import one_of
from engrax.envs.grid.looking import picture_of
from engrax.envs.grid.tables import COLOURS, MOVES, SHAPES, SQUARE
from engrax.envs.grid.walk import BOARD, CENTRE, hall, walk
from engrax.envs.views import MODALITIES, View
from engrax.types import (
    Discrete,
    ImageSpec,
    Interface,
    Observation,
    SymbolsSpec,
    TextSpec,
    TimeStep,
)


def _as_tuple(names: Sequence[str] | None) -> tuple[str, ...] | None:
    return None if names is None else tuple(names)


class Ballet(AbstractEnvironment[BalletState]):
    """Dancers perform in turn. Then a dance is named; the agent must walk to its dancer.

    Board: 11 x 11 squares, a ring of wall around a 9 x 9 floor, the agent in the middle, and N
    dancers at distinct homes out of the eight other centres of the floor's 3 x 3 blocks. Each
    dancer has its own colour, shape and dance.

    Time: dancer i makes its 16 moves on steps i(15 + d) .. i(15 + d) + 15, d the delay; step 0, the
    `first`, already shows dancer 0 after one move. Dances stay in their block and end at home. The
    choice phase opens with step T = N(15 + d), the first to show the instruction.

    Actions: 0..7 are N, NE, E, SE, S, SW, W, NW; there is no action for standing still, but a move
    into the wall is one. Actions taken on steps before T have no effect. Dancers do not block.

    End: on reaching a dancer, reward 1 for the target and 0 for another, discount 0. Otherwise on
    step `max_steps`: reward 0, discount 1. A dancer reached on that very step counts.

    Observation: `image` uint8 [99, 99, 3] (view "pixels") or `symbols` uint8 [11, 11, 3] (view
    "symbols"), the same 11 x 11 squares around the agent, and `text` int32 [1]: "watch", then the
    name of the target's dance. `info`: `success` (this step reached the target). Actions are
    `effective` in the choice phase.

    Source: Lampinen et al. (2021), appendix A.1, https://arxiv.org/abs/2105.14039; checked against
    the released environment, whose images are float32: `image / 255`.
    """

    num_dancers: int = eqx.field(static=True, default=2)
    """Dancers, 1 to 8. The paper's levels have 2, 4 and 8."""
    dance_delay: int = eqx.field(static=True, default=16)
    """Steps between dances, at least 1. The paper's levels have 16 and 48."""
    max_steps: int | None = eqx.field(static=True, default=None)
    """The step at which an episode times out; none for the paper's: 320 (delay up to 16) or 1024.
    """
    view: View = eqx.field(static=True, default="symbols", converter=one_of(View, "view"))
    """The view: `symbols`, or 9 x 9 `pixels` for each square."""
    dances: tuple[str, ...] | None = eqx.field(static=True, default=None, converter=_as_tuple)
    """Names of the dances to draw from, at least one a dancer; none for all 13."""

    def __check_init__(self):
        _check_counts(self.num_dancers, self.dance_delay, self.step_limit)
        _check_dances(self.repertoire, self.num_dancers)

    @property
    def interface(self) -> Interface:
        """`image` or `symbols`, and `text`; the eight directions.

        Chance is 1/N: the success of walking to a random dancer.
        """
        symbols = SymbolsSpec(BOARD, BOARD, (4, len(COLOURS) + 1, len(SHAPES) + 1))
        view = symbols if self.view == "symbols" else ImageSpec(BOARD * SQUARE, BOARD * SQUARE)
        observations = {self.modality: view, "text": TextSpec(1, VOCABULARY)}
        return Interface(
            observations, Discrete(len(MOVES)), tuple(MOVES), chance=1 / self.num_dancers
        )

    @property
    def modality(self) -> str:
        """The view's entry in observations: "image" or "symbols"."""
        return MODALITIES[self.view]

    def picture(self, observation: Observation) -> UInt8[Array, "99 99 3"]:
        """The view in pixels, whichever the view."""
        return picture_of(self.view, observation)

    @property
    def step_limit(self) -> int:
        """The step at which an episode times out."""
        return default_max_steps(self.dance_delay) if self.max_steps is None else self.max_steps

    @property
    def repertoire(self) -> tuple[str, ...]:
        """The names of the dances to draw from."""
        return tuple(DANCES) if self.dances is None else self.dances

    @property
    def choice_step(self) -> int:
        """T, the step that opens the choice phase."""
        return choice_time(self.num_dancers, self.dance_delay)

    def draw(self, key: Key[Array, ""]) -> BalletState:
        """Homes, dances, colours and shapes without repetition, and the target, all uniform."""
        numbers = tuple(list(DANCES).index(name) for name in self.repertoire)
        return open_stage(draw_cast(key, self.num_dancers, numbers))

    def advance(
        self, state: BalletState, action: Int[Array, ""], key: Key[Array, ""]
    ) -> BalletState:
        """Moves the agent in the choice phase, unless a wall is in the way. The key is not used."""
        row, column = walk(hall(), state.row, state.column, action)
        choosing = state.step >= self.choice_step
        row, column = jnp.where(choosing, row, state.row), jnp.where(choosing, column, state.column)
        return BalletState(state.cast, state.step + 1, row, column)

    def is_last(self, state: BalletState) -> Bool[Array, ""]:
        """A dancer is reached, or time is up."""
        return jnp.any(reached(state)) | (state.step >= self.step_limit)

    def observe(self, state: BalletState) -> TimeStep:
        """The view around the agent, the instruction, and the reward of the last move."""
        found = reached(state)
        success, ended = found[state.cast.target], jnp.any(found)
        last = self.is_last(state)
        choosing = state.step >= self.choice_step
        return TimeStep(
            observation=self._look(state, choosing),
            reward=success.astype(jnp.float32),
            discount=1 - ended.astype(jnp.float32),
            first=state.step == 0,
            last=last,
            info={"success": success},
            effective=choosing & ~last,
        )

    @property
    def events(self) -> tuple[str, ...]:
        """Dances, what is between them, and the choice phase."""
        return ("target's dance", "another's dance", "pause", "choice")

    def event(self, state: BalletState) -> Int[Array, ""]:
        """Whose dance it is, if it is one."""
        turn, elapsed = jnp.divmod(state.step, choice_time(1, self.dance_delay))
        dance = jnp.where(turn == state.cast.target, 0, 1)
        shown = jnp.where(elapsed < DANCE_LENGTH, dance, 2)
        return jnp.where(state.step >= self.choice_step, 3, shown).astype(jnp.int32)

    def _look(self, state: BalletState, choosing: Bool[Array, ""]) -> dict[str, Array]:
        rows, columns = dancer_squares(state, self.dance_delay)
        view = (rows - state.row + CENTRE, columns - state.column + CENTRE)
        scene = Scene(state.row, state.column, *view, state.cast.colours, state.cast.shapes)
        text = jnp.where(choosing, 1 + state.cast.dances[state.cast.target], 0)[None]
        draw = view_symbols if self.view == "symbols" else paint
        return {self.modality: draw(scene), "text": text}


def default_max_steps(dance_delay: int) -> int:
    """The paper's time limits: 320 steps for a delay of 16 (or less), else 1024."""
    return 320 if dance_delay <= 16 else 1024


def _check_counts(num_dancers: int, dance_delay: int, max_steps: int) -> None:
    if not 1 <= num_dancers <= len(HOMES):
        raise ValueError(
            f"num_dancers is {num_dancers}, but the stage has homes for 1 to {len(HOMES)}: pass "
            "one of these."
        )
    if dance_delay < 1:
        raise ValueError(
            f"dance_delay is {dance_delay}, but a dance must be over before the next: pass at "
            "least 1."
        )
    if max_steps < 1:
        raise ValueError(
            f"max_steps is {max_steps}, but must be positive: pass at least 1, or None for the "
            "paper's."
        )


def _check_dances(dances: tuple[str, ...], num_dancers: int) -> None:
    unknown = [name for name in dances if name not in DANCES]
    if unknown:
        raise ValueError(f"dances has {unknown}, which nobody knows: choose from {list(DANCES)}.")
    if len(set(dances)) < len(dances):
        raise ValueError(
            f"dances is {dances}, but each may be named once only: remove the repeated names."
        )
    if len(dances) < num_dancers:
        raise ValueError(
            f"dances names {len(dances)}, but {num_dancers} dancers need a dance each: name more, "
            "or lower num_dancers."
        )
