"""Hidden objects: what pops out of which box is to be remembered (after Lampinen et al. 2021)."""

from dataclasses import replace

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Bool, Int, Key, UInt8

from engrax.envs.base import AbstractEnvironment
from engrax.envs.choices import check_at_least, check_between, one_of
from engrax.envs.grid.looking import look, picture_of, spec_of
from engrax.envs.grid.patches import Patches, agent, join, patches
from engrax.envs.grid.tables import BOX, COLOURS, MOVES, OBJECT, SHAPES
from engrax.envs.grid.walk import BOARD, CENTRE, FARTHEST, at_homes, hall, touching, walk
from engrax.envs.shuffling import falling, uniform_digits, without_repetition
from engrax.envs.views import View
from engrax.types import Discrete, Interface, Observation, Question, TextSpec, TimeStep

MOST = len(MOVES)
"""Boxes that a board has room for."""
LONGEST = 100_000
"""The longest delay."""
ANY_OF_MOST = 840
"""The least number that 1 to 8 divide: its remainder by one of them is uniform."""
VOCABULARY = ("watch", *SHAPES)
"""The words of the instruction: token i is `VOCABULARY[i]`."""


class HiddenObjectsState(eqx.Module):
    """An episode under way; of `MOST` boxes the first `count` are there.

    Attributes:
        count: the number of boxes.
        target: which box hides what is to be found.
        delay: steps between the last showing and the instruction.
        homes: which of the eight places each box is at.
        shapes: of the objects, 0..14; those of boxes that are not there are drawn, too.
        colours: of the objects, 0..18.
        step: steps since the episode's first observation.
        row: of the agent.
        column: of the agent.
    """

    count: Int[Array, ""]
    target: Int[Array, ""]
    delay: Int[Array, ""]
    homes: Int[Array, " n"]
    shapes: Int[Array, "8"]
    colours: Int[Array, " n"]
    step: Int[Array, ""]
    row: Int[Array, ""]
    column: Int[Array, ""]


class HiddenObjects(AbstractEnvironment[HiddenObjectsState]):
    """Objects pop out of boxes in turn and hide again; later the agent is told to find one.

    Board: 11 x 11 squares, a ring of wall around a floor, the agent in the middle, and N boxes at
    distinct places out of eight, `reach` moves from the middle. All boxes look alike. Each hides an
    object; shapes are distinct, and so are colours, which are never asked for.

    Time: object i is shown on the `show` steps from i (show + gap) on. After the last showing and
    its gap nothing happens for D steps, D uniform from `min_delay` to `max_delay`. Then the
    instruction is shown, at step T = N (show + gap) + D, and actions count from there on.

    Actions: the eight directions as in Ballet. A move into the wall is standing still.

    End: on reaching a box, reward 1 if it hides the named object and 0 if not, discount 0.
    Otherwise on step T + `patience`: reward 0, discount 1. A box reached on that step counts.

    Observation: `symbols` uint8 [11, 11, 3] or `image` uint8 [99, 99, 3], the squares around the
    agent, and `text` int32 [1]: "watch", then the name of a shape. `info`: `success` (this step
    reached the right box), `delay`, and for `engrax probe` the shapes in the boxes, `contents` [8],
    with those shown so far, `seen` [8].

    Values: 1 for a player who remembers, 1/N for one who walks to any box.

    Source: after the idea of the object-permanence tasks of Lampinen et al. (2021),
    https://arxiv.org/abs/2105.14039. Those are three-dimensional and were not released; all numbers
    here are ours.
    """

    objects: tuple[int, ...] = eqx.field(static=True, default=(4,), converter=tuple)
    """Numbers of boxes, 1 to 8; each episode draws one of these numbers."""
    show: int = eqx.field(static=True, default=3)
    """Steps that an object is shown for."""
    gap: int = eqx.field(static=True, default=2)
    """Steps between showings."""
    min_delay: int = eqx.field(static=True, default=0)
    """The least number of steps between the last showing and the instruction."""
    max_delay: int = eqx.field(static=True, default=32)
    """The largest; each episode draws one between."""
    reach: int = eqx.field(static=True, default=3)
    """Moves from the middle to a box, 1 to 4."""
    patience: int = eqx.field(static=True, default=16)
    """Steps of the choice, after which the episode times out."""
    view: View = eqx.field(static=True, default="symbols", converter=one_of(View, "view"))
    """The view: `symbols`, or 9 x 9 `pixels` for each square."""

    def __check_init__(self):
        if not self.objects or not all(1 <= count <= MOST for count in self.objects):
            raise ValueError(f"objects is {self.objects}, expected numbers from 1 to {MOST}")
        check_between(1, FARTHEST, reach=self.reach)
        if not 0 <= self.min_delay <= self.max_delay <= LONGEST:
            raise ValueError(
                f"min_delay is {self.min_delay} and max_delay is {self.max_delay}, expected 0 to "
                f"{LONGEST}, and the larger one last"
            )
        check_at_least(1, show=self.show, patience=self.patience)
        check_at_least(0, gap=self.gap)

    @property
    def interface(self) -> Interface:
        """The view and the instruction; the eight directions.

        Chance is the success of walking to any box. The question: which shape is in each box?
        """
        chance = sum(1 / count for count in self.objects) / len(self.objects)
        return Interface(
            {**spec_of(self.view, BOARD), "text": TextSpec(1, VOCABULARY)},
            Discrete(len(MOVES)),
            tuple(MOVES),
            chance=chance,
            question=Question("contents", "seen", len(SHAPES)),
        )

    def picture(self, observation: Observation) -> UInt8[Array, "99 99 3"]:
        """The view in pixels, whichever the view."""
        return picture_of(self.view, observation)

    def draw(self, key: Key[Array, ""]) -> HiddenObjectsState:
        """Boxes, objects, target and delay, all uniform."""
        most = max(self.objects)
        sizes = [*falling(len(MOVES), most), *falling(len(SHAPES), MOST)]
        sizes += falling(len(COLOURS), most)
        delays = self.max_delay - self.min_delay + 1
        number, target, delay, *digits = uniform_digits(
            key, [len(self.objects), ANY_OF_MOST, delays, *sizes]
        )
        codes = digits[:most], digits[most : most + MOST], digits[most + MOST :]
        places, shapes, colours = (jnp.stack(without_repetition(code)) for code in codes)
        count = jnp.asarray(self.objects, jnp.int32)[number]
        zero, centre = jnp.int32(0), jnp.int32(CENTRE)
        return HiddenObjectsState(
            count, target % count, self.min_delay + delay, places, shapes, colours,
            zero, centre, centre,
        )  # fmt: skip

    def advance(
        self, state: HiddenObjectsState, action: Int[Array, ""], key: Key[Array, ""]
    ) -> HiddenObjectsState:
        """Moves the agent once the instruction is there. The key is not used."""
        row, column = walk(hall(), state.row, state.column, action)
        choosing = self._choosing(state)
        return replace(
            state,
            step=state.step + 1,
            row=jnp.where(choosing, row, state.row),
            column=jnp.where(choosing, column, state.column),
        )

    def is_last(self, state: HiddenObjectsState) -> Bool[Array, ""]:
        """A box is reached, or time is up."""
        late = state.step >= self._choice_step(state) + self.patience
        return jnp.any(self._reached(state)) | late

    def observe(self, state: HiddenObjectsState) -> TimeStep:
        """The view around the agent, the instruction, and the reward of the last move."""
        reached = self._reached(state)
        success, last, choosing = reached[state.target], self.is_last(state), self._choosing(state)
        text = jnp.where(choosing, 1 + state.shapes[state.target], 0)[None]
        board = self._scene(state)
        boxes = jnp.arange(MOST, dtype=jnp.int32)
        seen = (boxes < state.count) & (state.step >= boxes * (self.show + self.gap))
        return TimeStep(
            observation={**look(self.view, board, state.row, state.column, BOARD), "text": text},
            reward=success.astype(jnp.float32),
            discount=1 - jnp.any(reached).astype(jnp.float32),
            first=state.step == 0,
            last=last,
            info={"success": success, "delay": state.delay, "contents": state.shapes, "seen": seen},
            effective=choosing & ~last,
        )

    def _scene(self, state: HiddenObjectsState) -> Patches:
        rows, columns = self._places(state)
        boxes = jnp.arange(rows.size, dtype=jnp.int32)
        there = patches(rows, columns, kind=BOX, shown=boxes < state.count)
        turn, elapsed = jnp.divmod(state.step, self.show + self.gap)
        now = jnp.minimum(turn, rows.size - 1)
        shown = patches(
            rows[now],
            columns[now],
            kind=OBJECT,
            colour=1 + state.colours[now],
            shape=1 + state.shapes[now],
            shown=(turn < state.count) & (elapsed < self.show),
        )
        return join(hall(), agent(state.row, state.column), there, shown)

    def _places(self, state: HiddenObjectsState) -> tuple[Int[Array, " n"], Int[Array, " n"]]:
        return at_homes(self.reach, state.homes)

    def _reached(self, state: HiddenObjectsState) -> Bool[Array, " n"]:
        on = touching(state.row, state.column, *self._places(state))
        return on & (jnp.arange(on.size) < state.count)

    def _choice_step(self, state: HiddenObjectsState) -> Int[Array, ""]:
        return state.count * (self.show + self.gap) + state.delay

    def _choosing(self, state: HiddenObjectsState) -> Bool[Array, ""]:
        return state.step >= self._choice_step(state)
