"""Rapid word learning with distractors: names are learnt in one showing (Lampinen et al. 2021)."""

from dataclasses import replace
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Int, Key, UInt8, UInt32

from engrax.envs.base import AbstractEnvironment
from engrax.envs.choices import check_at_least, check_between, one_of
from engrax.envs.grid.appearance import deal_appearances, dealt_appearance
from engrax.envs.grid.deal import deal, item
from engrax.envs.grid.looking import look, picture_of, spec_of
from engrax.envs.grid.patches import Patches, agent, join, patches
from engrax.envs.grid.tables import MOVES, OBJECT
from engrax.envs.grid.walk import BOARD, CENTRE, FARTHEST, at_homes, hall, touching, walk
from engrax.envs.shuffling import falling, uniform_digits, without_repetition
from engrax.envs.views import View
from engrax.types import Discrete, Interface, Observation, TextSpec, TimeStep

OBJECTS = 3
"""Objects of a lesson."""
NAME_BITS = 6
MOST_LESSONS = 2**NAME_BITS // OBJECTS
"""Lessons that an episode has different names for."""
NAMES = tuple(
    first + second
    for first in ("da", "ke", "mi", "lo", "fu", "za", "ve", "po")
    for second in ("x", "bi", "ga", "mo", "nu", "ra", "ti", "wep")
)
"""The 64 names."""
VOCABULARY = ("-", "this", "find", *NAMES)
"""The words: token i is `VOCABULARY[i]`."""
THIS, FIND, NAMED = 1, 2, 3


class Place(NamedTuple):
    """Where an episode is.

    Attributes:
        testing: whether a lesson is tested, not taught.
        lesson: which lesson.
        final: whether this is the episode's last phase.
    """

    testing: Bool[Array, ""]
    lesson: Int[Array, ""]
    final: Bool[Array, ""]


class WordLearningState(eqx.Module):
    """An episode under way.

    Attributes:
        distractors: lessons between a lesson and its test.
        names: how names are dealt, see `engrax.envs.grid.deal`.
        objects: how their appearances are dealt, see `engrax.envs.grid.appearance`.
        phase: the number of the phase.
        clock: steps since it began.
        homes: where the three objects of a test are, out of eight places.
        asked: which of them is asked for.
        row: of the agent.
        column: of the agent.
        right: tests passed in phases before.
    """

    distractors: Int[Array, ""]
    names: UInt32[Array, "4 1"]
    objects: UInt32[Array, "4 2"]
    phase: Int[Array, ""]
    clock: Int[Array, ""]
    homes: Int[Array, "3"]
    asked: Int[Array, ""]
    row: Int[Array, ""]
    column: Int[Array, ""]
    right: Int[Array, ""]


def look_of(
    state: WordLearningState, number: Int[Array, ""]
) -> tuple[Int[Array, ""], Int[Array, ""]]:
    """The shape, 0..14, and the colour, 0..18, of an object by its number in the episode."""
    return dealt_appearance(state.objects, number)


class WordLearning(AbstractEnvironment[WordLearningState]):
    """Three new objects are named once; later the agent is told to find one of them by its name.

    An episode is a list of phases on a board of 11 x 11 squares, the agent in the middle at the
    start of each. A lesson has three objects. *Teaching* it shows them, or as many as are `named`,
    one after another, `show` steps each, on the square north of the agent, with the text "this" and
    the name; actions have no effect. *Testing* it shows all three at distinct places, `reach` moves
    from the middle, with the text "find" and a name that was taught. Touching an object ends the
    test with reward 1 if it is the one named, and 0 if not; so do `patience` moves, with 0. The
    next step opens the next phase, and the action before it has no effect.

    Phases: teach a lesson; teach and test each of d others, the distractors; test the first. With
    several `lessons`, all this as often, and then one more test of the very first lesson. Names
    (64) and objects (256 pairs of a colour and a shape) are dealt anew in every episode, and none
    comes twice.

    End: with the last test, discount 0; if its patience runs out, discount 1.

    Actions: the eight directions. Observation: `symbols` uint8 [11, 11, 3] or `image` uint8
    [99, 99, 3], and `text` int32 [2]. `info`: `success` (the last test was passed; the return also
    counts the others, which need less memory), `lesson`, `distractors` and `right`, the tests
    passed before.

    Values of `success`: 1 for a player who remembers, 1/3 for one who walks to any object.

    Source: Lampinen et al. (2021), https://arxiv.org/abs/2105.14039, after Hill et al. (2021). In
    the original the agent walks to objects to learn their names; here they are shown, as walking is
    not what has to be remembered. The board, the times and the numbers of names and objects are
    ours.
    """

    distractors: tuple[int, ...] = eqx.field(static=True, default=(0, 1, 2), converter=tuple)
    """Lessons between a lesson and its test; each episode draws one of these numbers."""
    lessons: int = eqx.field(static=True, default=1)
    """Lessons with distractors and a test; if several, the first is tested again at the end."""
    named: int = eqx.field(static=True, default=OBJECTS)
    """Objects of a lesson that are taught, 1 to 3. With 1 no name need be remembered, only what was
    shown: an easy level, ours."""
    show: int = eqx.field(static=True, default=2)
    """Steps that an object is shown for."""
    reach: int = eqx.field(static=True, default=2)
    """Moves from the middle to an object of a test, 1 to 4."""
    patience: int = eqx.field(static=True, default=8)
    """Moves of a test."""
    view: View = eqx.field(static=True, default="symbols", converter=one_of(View, "view"))
    """The view: `symbols`, or 9 x 9 `pixels` for each square."""

    def __check_init__(self):
        if not self.distractors or min(self.distractors) < 0:
            raise ValueError(f"distractors is {self.distractors}, expected numbers from 0 on")
        check_at_least(1, lessons=self.lessons, show=self.show, patience=self.patience)
        check_between(1, OBJECTS, named=self.named)
        check_between(1, FARTHEST, reach=self.reach)
        if (needed := self.lessons * (1 + max(self.distractors))) > MOST_LESSONS:
            raise ValueError(
                f"lessons is {self.lessons} and distractors is {self.distractors}: these are "
                f"{needed} lessons in an episode, but there are names for {MOST_LESSONS}; lower one"
            )

    @property
    def interface(self) -> Interface:
        """The view and two words; the eight directions. Chance is that of the last test."""
        return Interface(
            {**spec_of(self.view, BOARD), "text": TextSpec(2, VOCABULARY)},
            Discrete(len(MOVES)),
            tuple(MOVES),
            chance=1 / OBJECTS,
        )

    def picture(self, observation: Observation) -> UInt8[Array, "99 99 3"]:
        """The view in pixels, whichever the view."""
        return picture_of(self.view, observation)

    def draw(self, key: Key[Array, ""]) -> WordLearningState:
        """The number of distractors, names and objects, and the first test, all uniform."""
        number_key, names_key, objects_key, test_key = jax.random.split(key, 4)
        (number,) = uniform_digits(number_key, [len(self.distractors)])
        zero, centre = jnp.int32(0), jnp.int32(CENTRE)
        return WordLearningState(
            jnp.asarray(self.distractors, jnp.int32)[number],
            deal(names_key, NAME_BITS),
            deal_appearances(objects_key),
            zero, zero, *self._drawn_test(test_key), centre, centre, zero,
        )  # fmt: skip

    def advance(
        self, state: WordLearningState, action: Int[Array, ""], key: Key[Array, ""]
    ) -> WordLearningState:
        """Moves the agent in a test; after a phase's last step, opens the next."""
        over, testing = self._is_over(state), self._place(state).testing
        row, column = walk(hall(), state.row, state.column, action)
        places, asked = self._drawn_test(key)
        passed = self._touched(state)[state.asked].astype(jnp.int32)
        moves = testing & ~over
        return replace(
            state,
            phase=state.phase + over.astype(jnp.int32),
            clock=jnp.where(over, 0, state.clock + 1),
            homes=jnp.where(over, places, state.homes),
            asked=jnp.where(over, asked, state.asked),
            row=jnp.where(moves, row, CENTRE),
            column=jnp.where(moves, column, CENTRE),
            right=state.right + passed,
        )

    def is_last(self, state: WordLearningState) -> Bool[Array, ""]:
        """The last test is over."""
        return self._place(state).final & self._is_over(state)

    def observe(self, state: WordLearningState) -> TimeStep:
        """The view around the agent, the words, and the reward of the last move."""
        place, over, touched = self._place(state), self._is_over(state), self._touched(state)
        last, passed = place.final & over, touched[state.asked]
        board = join(hall(), agent(state.row, state.column), self._objects(state, place))
        which = jnp.where(place.testing, state.asked, state.clock // self.show)
        name = item(state.names, OBJECTS * place.lesson + which, NAME_BITS)
        text = jnp.stack([jnp.where(place.testing, FIND, THIS), NAMED + name])
        return TimeStep(
            observation={
                **look(self.view, board, state.row, state.column, BOARD),
                "text": text.astype(jnp.int32),
            },
            reward=passed.astype(jnp.float32),
            discount=1 - (last & jnp.any(touched)).astype(jnp.float32),
            first=(state.phase == 0) & (state.clock == 0),
            last=last,
            info={
                "success": last & passed,
                "lesson": place.lesson,
                "distractors": state.distractors,
                "right": state.right,
            },
            effective=place.testing & ~over,
        )

    def _place(self, state: WordLearningState) -> Place:
        """What the present phase is; a round is a lesson with its distractors and its test."""
        phases = 2 + 2 * state.distractors
        played, within = jnp.divmod(state.phase, phases)
        others = (within + 1) // 2
        closes = within == phases - 1
        lesson = played * (1 + state.distractors) + jnp.where(closes, 0, others)
        again = state.phase == self.lessons * phases
        testing = again | closes | ((within > 0) & (within % 2 == 0))
        final_phase = self.lessons * phases - int(self.lessons == 1)
        return Place(testing, jnp.where(again, 0, lesson), state.phase == final_phase)

    def _is_over(self, state: WordLearningState) -> Bool[Array, ""]:
        """Whether this is the phase's last step."""
        taught = state.clock >= self.named * self.show - 1
        tested = jnp.any(self._touched(state)) | (state.clock >= self.patience)
        return jnp.where(self._place(state).testing, tested, taught)

    def _places(self, state: WordLearningState) -> tuple[Int[Array, "3"], Int[Array, "3"]]:
        return at_homes(self.reach, state.homes)

    def _touched(self, state: WordLearningState) -> Bool[Array, "3"]:
        on = touching(state.row, state.column, *self._places(state))
        return on & self._place(state).testing

    def _objects(self, state: WordLearningState, place: Place) -> Patches:
        """The three objects of a test, or the one that is named."""
        numbers = OBJECTS * place.lesson + jnp.arange(OBJECTS, dtype=jnp.int32)
        shape, colour = jax.vmap(lambda number: look_of(state, number))(numbers)
        rows, columns = self._places(state)
        shown = place.testing | (jnp.arange(OBJECTS) == state.clock // self.show)
        return patches(
            jnp.where(place.testing, rows, CENTRE - 1),
            jnp.where(place.testing, columns, CENTRE),
            kind=OBJECT,
            colour=1 + colour,
            shape=1 + shape,
            shown=shown,
        )

    def _drawn_test(self, key: Key[Array, ""]) -> tuple[Int[Array, "3"], Int[Array, ""]]:
        """Three of the eight places, and which of the objects taught is asked for."""
        asked, *digits = uniform_digits(key, [self.named, *falling(len(MOVES), OBJECTS)])
        return jnp.stack(without_repetition(digits)), asked
