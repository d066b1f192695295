"""The Memory Game: cards face down, one flipped a step, and a reward for every pair found."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Int, Key, UInt8

from engrax.envs.base import AbstractEnvironment
from engrax.envs.choices import one_of
from engrax.envs.memory_game.chance import chance
from engrax.envs.memory_game.pixels import CARD, Table, magnify, paint_card, painter
from engrax.envs.memory_game.strokes import GLYPHS
from engrax.envs.shuffling import falling, uniform_digits, without_repetition
from engrax.envs.views import MODALITIES, View
from engrax.types import (
    Discrete,
    ImageSpec,
    Interface,
    Observation,
    Question,
    SymbolsSpec,
    TimeStep,
)

MAX_PAIRS = 8
FLIPS_PER_PAIR = 3


class MemoryGameState(eqx.Module):
    """An episode under way.

    Attributes:
        cards: the number of each card's glyph, 1..pairs.
        glyphs: which glyph each number stands for, 0..1023; empty where none is ever drawn.
        flips: how many flips were made.
        flipped: the card flipped last; -1 before the first flip.
        shown: what that flip showed: 0 before the first flip, the glyph's number, or pairs + 1 for
            a card gone.
        scored: whether that flip removed a pair.
        seen: the cards flipped so far, which are those whose glyph was shown.
        gone: the cards removed.
    """

    cards: Int[Array, " c"]
    glyphs: Int[Array, " p"]
    flips: Int[Array, ""]
    flipped: Int[Array, ""]
    shown: Int[Array, ""]
    scored: Bool[Array, ""]
    seen: Bool[Array, " c"]
    gone: Bool[Array, " c"]


class MemoryGame(AbstractEnvironment[MemoryGameState]):
    """Cards lie face down, two of each glyph; each step flips one, and two of a kind in a row are a
    pair found.

    Table: 2 * `pairs` cards in the most square grid that they fill, not higher than wide: 2 x 3 for
    3 pairs, 2 x 4 for 4, 3 x 4 for 6, 4 x 4 for 8. Every deal is equally likely.

    Actions: one a card, row by row. The action flips that card; it lies face up on the next step,
    and on that only.

    Reward 1 if the flip before was of another card with the same glyph, both still there: the pair
    is removed. To flip a card that is gone shows that it is, and a pair needs two flips after it.
    Flipping the same card again scores nothing, but the next flip can still pair it.

    Time: an episode has 3 * `pairs` flips, hence 3 * `pairs` + 1 steps, whether or not all pairs
    are found before. Step 0, the `first`, shows all cards face down. The step after the last flip
    is `last`, with discount 0.

    Observation, view "symbols": `symbols` uint8 [1, 1, 1]: 0 at `first`, the number of the glyph
    shown, 1..`pairs`, or `pairs` + 1 for a card gone. Each episode deals other numbers. Where the
    card lies is not shown, since the action said it, nor which cards are gone.

    Observation, view "pixels": `image` uint8 [8 * rows * scale, 8 * columns * scale, 3], the whole
    table. The card flipped is face up, also when it completes a pair; cards gone are black, the
    other card of that pair at once, and the card flipped from the next step on. Each
    episode draws its own glyphs, distinct ones out of 1,024.

    `info`: `cards` int32 [2 * pairs] (the number of each card's glyph), `seen` bool [2 * pairs]
    (its glyph has been shown so far, this step included), `gone` bool [2 * pairs] (it has been
    removed so far, by this flip too). The measure is the return, the pairs found: there is no
    `success`.

    Source: Wayne et al. (2018), "Unsupervised predictive memory in a goal-directed agent", the
    memory game, https://arxiv.org/abs/1803.10760; glyphs, grids and views are ours.

    A smaller game with the actions and symbols of a larger one, to learn the larger one from:
    `table=8` with `pairs=3`. Then actions are taken modulo the number of cards, and "gone" is
    `table` + 1; all else is as with 3 pairs (choice).
    """

    pairs: int = eqx.field(static=True, default=MAX_PAIRS)
    """Pairs of cards, 1 to 8. The paper's game has 8."""
    view: View = eqx.field(static=True, default="symbols", converter=one_of(View, "view"))
    """What is seen: the number of the glyph just turned up, or the cards in pixels."""
    scale: int = eqx.field(static=True, default=1)
    """Size of a card in pixels, in multiples of 8; 2 gives 64 x 64 pixels with 8 pairs."""
    table: int | None = eqx.field(static=True, default=None)
    """Pairs of a larger game whose actions and symbols are used, for transfer; none for `pairs`."""

    def __check_init__(self):
        if not 1 <= self.pairs <= MAX_PAIRS:
            raise ValueError(
                f"pairs is {self.pairs}, but the table holds 1 to {MAX_PAIRS}: pass one of these."
            )
        if self.scale < 1:
            raise ValueError(
                f"scale is {self.scale}, but a pixel cannot be drawn smaller than one: pass at "
                "least 1."
            )
        if self.table is not None and not self.pairs <= self.table <= MAX_PAIRS:
            raise ValueError(
                f"table is {self.table}, but must hold the {self.pairs} pairs: pass {self.pairs} "
                f"to {MAX_PAIRS}."
            )
        if self.table is not None and self.view == "pixels":
            raise ValueError(
                f"table is {self.table}, but pixels show the cards there are: pass None, or view "
                "'symbols'."
            )

    @property
    def interface(self) -> Interface:
        """`image` or `symbols`; one action a card, as many as there are cards on the table that
        `table` names.

        The question: which glyph does each card have? It can be known once the card was flipped.
        """
        rows, columns = self.grid
        side = CARD * self.scale
        symbols = SymbolsSpec(1, 1, (self.gone_symbol + 1,))
        view = symbols if self.view == "symbols" else ImageSpec(side * rows, side * columns)
        num_actions = 2 * (self.table or self.pairs)
        return Interface(
            {self.modality: view},
            Discrete(num_actions),
            self._action_names(),
            chance(self.num_cards, self.num_flips, num_actions),
            Question("cards", "seen", classes=self.pairs, lowest=1),
        )

    @property
    def modality(self) -> str:
        """The view's entry in observations: "image" or "symbols"."""
        return MODALITIES[self.view]

    @property
    def gone_symbol(self) -> int:
        """What is shown of a card that is gone."""
        return (self.table or self.pairs) + 1

    @property
    def num_cards(self) -> int:
        """Two a pair."""
        return 2 * self.pairs

    @property
    def num_flips(self) -> int:
        """The flips of an episode."""
        return FLIPS_PER_PAIR * self.pairs

    @property
    def grid(self) -> tuple[int, int]:
        """Rows and columns of the table."""
        return most_square(self.num_cards)

    def picture(self, observation: Observation) -> UInt8[Array, "h w 3"]:
        """The table, or of symbols the one card shown, with some glyph for its number; large enough
        for people.
        """
        if self.view == "pixels":
            return magnify(observation["image"])
        return magnify(
            paint_card(observation["symbols"][0, 0, 0].astype(jnp.int32), self.gone_symbol - 1)
        )

    def draw(self, key: Key[Array, ""]) -> MemoryGameState:
        """All cards face down, dealt uniformly at random; the same deal in either view."""
        none = jnp.zeros((self.num_cards,), bool)
        return MemoryGameState(
            cards=_distinct(key, self.num_cards, self.num_cards) // 2 + 1,
            glyphs=_distinct(
                jax.random.fold_in(key, 1), GLYPHS, self.pairs if self.view == "pixels" else 0
            ),
            flips=jnp.int32(0),
            flipped=jnp.int32(-1),
            shown=jnp.int32(0),
            scored=jnp.zeros((), bool),
            seen=none,
            gone=none,
        )

    def advance(
        self, state: MemoryGameState, action: Int[Array, ""], key: Key[Array, ""]
    ) -> MemoryGameState:
        """Flips a card. The key is not used.

        A flip scores if it shows, on another card, the number that was shown last. No other rule is
        needed: no card has the number shown before the first flip, or by a card gone, and after a
        pair was removed only it has.
        """
        action = action % self.num_cards
        here = jnp.arange(self.num_cards, dtype=jnp.int32) == action
        number = state.cards[action]
        was_gone = jnp.any(state.gone & here)
        scored = ~was_gone & (number == state.shown) & (action != state.flipped)
        return MemoryGameState(
            cards=state.cards,
            glyphs=state.glyphs,
            flips=state.flips + 1,
            flipped=action.astype(jnp.int32),
            shown=jnp.where(was_gone, self.gone_symbol, number),
            scored=scored,
            seen=state.seen | here,
            gone=state.gone | (scored & (state.cards == number)),
        )

    def is_last(self, state: MemoryGameState) -> Bool[Array, ""]:
        """Whether all flips are used."""
        return state.flips == self.num_flips

    def observe(self, state: MemoryGameState) -> TimeStep:
        """What the last flip showed, and its reward."""
        last = self.is_last(state)
        info = {"cards": state.cards, "seen": state.seen, "gone": state.gone}
        return TimeStep(
            observation={self.modality: self._look(state)},
            reward=state.scored.astype(jnp.float32),
            discount=(~last).astype(jnp.float32),
            first=state.flips == 0,
            last=last,
            info=info,
        )

    def _action_names(self) -> tuple[str, ...]:
        """Row and column of each card, counted from 1."""
        rows, columns = self.grid
        names = [
            f"{row},{column}" for row in range(1, rows + 1) for column in range(1, columns + 1)
        ]
        return tuple(
            names[action % self.num_cards] for action in range(2 * (self.table or self.pairs))
        )

    def _look(self, state: MemoryGameState) -> UInt8[Array, "..."]:
        if self.view == "symbols":
            return state.shown.astype(jnp.uint8)[None, None, None]
        face_up = (state.shown >= 1) & (state.shown <= self.pairs)
        glyph = state.glyphs[jnp.clip(state.shown - 1, 0, self.pairs - 1)]
        return painter(self.grid, self.scale)(
            Table(state.gone, jnp.where(face_up, state.flipped, -1), glyph)
        )


def most_square(num_cards: int) -> tuple[int, int]:
    """Rows and columns of the most square grid that so many cards fill, not higher than wide."""
    rows = max(n for n in range(1, num_cards + 1) if num_cards % n == 0 and n * n <= num_cards)
    return rows, num_cards // rows


def _distinct(key: Key[Array, ""], size: int, count: int) -> Int[Array, " count"]:
    """So many of 0..size-1 without repetition, in any order; uniform to one part in 32768."""
    if not count:
        return jnp.zeros((0,), jnp.int32)
    return jnp.stack(without_repetition(uniform_digits(key, falling(size, count))))
