"""Errands: instructions that are shown for a moment only (Wayne et al. 2018)."""

from dataclasses import replace

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Int, Key, UInt8

from engrax.envs.base import AbstractEnvironment
from engrax.envs.choices import check_at_least, one_of
from engrax.envs.grid.looking import look, picture_of, spec_of
from engrax.envs.grid.patches import Patches, agent, join, patches
from engrax.envs.grid.rooms import Map, Rooms, middle
from engrax.envs.grid.tables import COLOURS, FOUR_MOVES, OBJECT, SHAPES
from engrax.envs.grid.walk import touching, walk
from engrax.envs.shuffling import falling, uniform_digits, without_repetition
from engrax.envs.views import View
from engrax.types import Discrete, Interface, Observation, Repeated, TextSpec, TimeStep

SIGHT = 5
VOCABULARY = ("-", *SHAPES)
"""The words: token i is `VOCABULARY[i]`."""
BRIEFED = 4
"""Errands of a briefing."""
COUNTED = 16
"""Errands of the means by repetition."""


class ErrandsState(eqx.Module):
    """An episode under way.

    Attributes:
        plan: the map.
        shapes: of the objects, 0..14.
        colours: of the objects, 0..18.
        asked: the objects of the next errands, the present one first.
        step: steps since the episode's first observation.
        row: of the agent.
        column: of the agent.
        done: errands that are over.
        right: of the last errand: whether it ended at the right object.
        taken: moves since the errand began; where it has `ended`, those that it took.
        ended: whether the last move ended an errand.
    """

    plan: Map
    shapes: Int[Array, " k"]
    colours: Int[Array, " k"]
    asked: Int[Array, " q"]
    step: Int[Array, ""]
    row: Int[Array, ""]
    column: Int[Array, ""]
    done: Int[Array, ""]
    right: Bool[Array, ""]
    taken: Int[Array, ""]
    ended: Bool[Array, ""]


class Errands(AbstractEnvironment[ErrandsState]):
    """The agent is told for a moment which object to go to, in a map that it has to learn.

    Map: rooms as in `Wayfinding`. Objects of distinct shapes and colours stand in the middle of the
    corner rooms, and the agent starts in the middle of the middle room; with 2 x 2 rooms it starts
    in the first one, and the others have an object each. Map and objects stay the same for the
    episode.

    An errand: the text is the shape of one of the objects on the first `shown` steps, and "-" on
    later ones. Touching this object gives reward 1, touching another `wrong`. Either way the same
    step shows the agent at the start again, and the next errand.

    Briefing: the shapes of 4 errands are read out on the first 4 steps, on which actions have no
    effect. They are to be carried out in this order; the episode ends with the last.

    End: after `length` steps, the first observation included, with discount 0.

    Actions: N, S, W, E. Observation: `symbols` uint8 [5, 5, 3] or `image` uint8 [45, 45, 3], the
    squares around the agent, and `text` int32 [1]. `info`: by repetition `ended` (this step ended
    an errand), `errand` (its number, from 0 on) and `taken` (the moves that it took); `right` (it
    ended at the right object).

    Values: the mean return with 3 x 3 rooms and 300 steps is 25.3 for a player who remembers map
    and errand, -16.5 for one who forgets the errand and goes to the nearest object, and 0 for one
    who touches nothing, which is the best without memory; with 2 x 2 rooms and 100 steps 12.2, -6.4
    and 0.

    Source: after the transiently communicated instructions of Wayne et al. (2018),
    https://arxiv.org/abs/1803.10760; those are three-dimensional and were not released. All
    numbers here are ours.
    """

    rooms: tuple[int, ...] = eqx.field(static=True, default=(3, 3), converter=tuple)
    """Rows and columns of rooms, each from 2 on, with at most 9 rooms in all."""
    length: int = eqx.field(static=True, default=300)
    """Steps of an episode."""
    shown: int = eqx.field(static=True, default=1)
    """Steps that an instruction is shown for; with as many as `length` nothing has to be kept."""
    briefing: bool = eqx.field(static=True, default=False)
    """Whether four errands are read out at the start, instead of one at a time."""
    wrong: float = eqx.field(static=True, default=-1.0)
    """Reward of a wrong object. With -1 objects cost more than they pay on average, so that an
    agent learns to touch none before it learns to remember; levels nearer to 0 in a mixture lead
    over this."""
    view: View = eqx.field(static=True, default="symbols", converter=one_of(View, "view"))
    """The view: `symbols`, or 9 x 9 `pixels` for each square."""

    def __check_init__(self):
        rooms = Rooms.of(self.rooms)
        if min(rooms.rows, rooms.columns) < 2:
            raise ValueError(f"rooms is {self.rooms}, expected at least 2 rows and 2 columns")
        check_at_least(BRIEFED + 1 if self.briefing else 2, length=self.length)
        check_at_least(1, shown=self.shown)

    @property
    def interface(self) -> Interface:
        """The view and the instruction; four directions.

        Chance is the return of touching nothing. By repetition: the moves of an errand.
        """
        return Interface(
            {**spec_of(self.view, SIGHT), "text": TextSpec(1, VOCABULARY)},
            Discrete(len(FOUR_MOVES)),
            tuple(FOUR_MOVES),
            chance=0.0,
            repeated=Repeated("taken", "errand", "ended", BRIEFED if self.briefing else COUNTED),
        )

    def picture(self, observation: Observation) -> UInt8[Array, "45 45 3"]:
        """The view in pixels, whichever the view."""
        return picture_of(self.view, observation)

    def draw(self, key: Key[Array, ""]) -> ErrandsState:
        """A map, objects and errands, all uniform."""
        map_key, objects_key = jax.random.split(key)
        count, errands = len(self._standing), BRIEFED if self.briefing else 1
        sizes = [*falling(len(SHAPES), count), *falling(len(COLOURS), count), *[count] * errands]
        digits = uniform_digits(objects_key, sizes)
        shapes, colours = (
            jnp.stack(without_repetition(part))
            for part in (digits[:count], digits[count : 2 * count])
        )
        zero, no = jnp.int32(0), jnp.zeros((), bool)
        plan, asked = self._rooms.draw(map_key), jnp.stack(digits[2 * count :])
        return ErrandsState(plan, shapes, colours, asked, zero, *self._start, zero, no, zero, no)

    def advance(
        self, state: ErrandsState, action: Int[Array, ""], key: Key[Array, ""]
    ) -> ErrandsState:
        """Moves the agent; one that touches an object is put at the start, with a new errand."""
        board = self._rooms.scene(state.plan)
        row, column = walk(board, state.row, state.column, action, FOUR_MOVES)
        held = self._briefed(state)
        row, column = jnp.where(held, state.row, row), jnp.where(held, state.column, column)
        on = touching(row, column, *self._rooms.square(self._squares))
        ended, start = jnp.any(on), self._start
        new = uniform_digits(key, [len(self._standing)])
        following = jnp.concatenate([state.asked[1:], jnp.stack(new)])
        return replace(
            state,
            asked=jnp.where(ended, following, state.asked),
            step=state.step + 1,
            row=jnp.where(ended, start[0], row),
            column=jnp.where(ended, start[1], column),
            done=jnp.where(ended, state.done + 1, state.done),
            right=on[state.asked[0]],
            taken=jnp.where(held, 0, self._clock(state) + 1),
            ended=ended,
        )

    def is_last(self, state: ErrandsState) -> Bool[Array, ""]:
        """Time is up, or the errands of the briefing are over."""
        over = state.done == BRIEFED if self.briefing else jnp.zeros((), bool)
        return over | (state.step == self.length - 1)

    def observe(self, state: ErrandsState) -> TimeStep:
        """The view around the agent, an instruction, and the reward of the last errand."""
        last, held = self.is_last(state), self._briefed(state)
        reward = jnp.where(state.right, 1.0, self.wrong)
        return TimeStep(
            observation={
                **look(self.view, self._scene(state), state.row, state.column, SIGHT),
                "text": self._text(state)[None],
            },
            reward=jnp.where(state.ended, reward, 0.0),
            discount=1 - last.astype(jnp.float32),
            first=state.step == 0,
            last=last,
            info={
                "ended": state.ended,
                "errand": jnp.where(state.ended, state.done - 1, state.done),
                "taken": state.taken,
                "right": state.ended & state.right,
            },
            effective=~last & ~held,
        )

    @property
    def _rooms(self) -> Rooms:
        return Rooms.of(self.rooms)

    @property
    def _middle(self) -> tuple[int, int]:
        """The row and column of the room where the agent starts."""
        return (self.rooms[0] - 1) // 2, (self.rooms[1] - 1) // 2

    @property
    def _start(self) -> tuple[Int[Array, ""], Int[Array, ""]]:
        row, column = self._middle
        return self._rooms.square(middle(jnp.int32(row * self.rooms[1] + column)))

    @property
    def _standing(self) -> tuple[int, ...]:
        """The corner rooms, without the one where the agent starts."""
        rows, columns = self.rooms
        corners = ((row, column) for row in (0, rows - 1) for column in (0, columns - 1))
        return tuple(r * columns + c for r, c in corners if (r, c) != self._middle)

    @property
    def _squares(self) -> Int[Array, " k"]:
        """The squares of the objects."""
        return middle(jnp.asarray(self._standing, jnp.int32))

    def _briefed(self, state: ErrandsState) -> Bool[Array, ""]:
        """Whether errands are being read out."""
        return (state.step < BRIEFED) if self.briefing else jnp.zeros((), bool)

    def _text(self, state: ErrandsState) -> Int[Array, ""]:
        """The word of a step."""
        if self.briefing:
            spoken, now = self._briefed(state), state.asked[jnp.minimum(state.step, BRIEFED - 1)]
        else:
            spoken, now = self._clock(state) < self.shown, state.asked[0]
        return jnp.where(spoken, 1 + state.shapes[now], 0)

    def _clock(self, state: ErrandsState) -> Int[Array, ""]:
        """Moves since the present errand began."""
        return jnp.where(state.ended, 0, state.taken)

    def _scene(self, state: ErrandsState) -> Patches:
        rows, columns = self._rooms.square(self._squares)
        objects = patches(
            rows, columns, kind=OBJECT, colour=1 + state.colours, shape=1 + state.shapes
        )
        return join(self._rooms.scene(state.plan), objects, agent(state.row, state.column))
