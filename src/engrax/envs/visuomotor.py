"""Visuomotor mapping: which response goes with which image (Wayne et al. 2018)."""

from dataclasses import replace

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Int, Key, UInt8, UInt32

from engrax.envs.base import AbstractEnvironment
from engrax.envs.choices import check_at_least, one_of
from engrax.envs.grid.appearance import deal_appearances, dealt_appearance
from engrax.envs.grid.picture import render
from engrax.envs.grid.tables import COLOURS, FOUR_MOVES, OBJECT, SHAPES, SQUARE
from engrax.envs.shuffling import falling, uniform_digits, without_repetition
from engrax.envs.views import MODALITIES, View
from engrax.types import (
    Discrete,
    ImageSpec,
    Interface,
    Observation,
    Repeated,
    SymbolsSpec,
    TimeStep,
)

MOST = 11
"""Images of an episode: 60 trials, all right, need no more."""
SIZES = (len(COLOURS) + 1, len(SHAPES) + 1, len(FOUR_MOVES) + 1)
READS_THE_HINT = {60: 17.3, 12: 4.81}
"""Trials that are right for a player who reads the hints and remembers nothing (simulated)."""
SHOWINGS = 12
"""Showings of the means by repetition."""


class VisuomotorState(eqx.Module):
    """An episode under way.

    Attributes:
        looks: how colours and shapes are dealt, see `engrax.envs.grid.appearance`.
        responses: the right response to each image.
        order: the images of the present block, as they come; those that are not in it do not count.
        images: how many images there are.
        place: of the present trial in its block.
        unbroken: whether all trials of the block have been right so far.
        showings: how often each image has been shown, the present trial left out.
        trial: the number of the present trial.
        right: whether the last response was right.
        showing: how often the image of that trial had been shown before.
        score: trials that were right.
    """

    looks: UInt32[Array, "4 2"]
    responses: Int[Array, " m"]
    order: Int[Array, " m"]
    images: Int[Array, ""]
    place: Int[Array, ""]
    unbroken: Bool[Array, ""]
    showings: Int[Array, " m"]
    trial: Int[Array, ""]
    right: Bool[Array, ""]
    showing: Int[Array, ""]
    score: Int[Array, ""]


class VisuomotorMapping(AbstractEnvironment[VisuomotorState]):
    """Each image has one right response, which is shown with it once.

    A trial takes one step: an image, and at its first showing a hint that is the right response.
    The next step has the reward, 1 or 0, and the next trial. Trials come in blocks: every image
    once, in random order. After a block without a mistake there is one image more; otherwise the
    same images come again. An episode starts with one image. Images are distinct pairs of a colour
    and a shape; responses are uniform.

    End: with the step after trial `trials`, which shows nothing, with discount 0.

    Actions: N, E, S, W. Observation: `symbols` uint8 [1, 1, 3], the colour, the shape, and the hint
    (0 for none), or `image` uint8 [9, 18, 3], the image and beside it a bar at the hinted side.
    `info`: `flawless` (on the last step: all trials were right), `images`, and by
    repetition `answered` (this step has the outcome of a trial), `showing` (how often its image had
    been shown before) and `right`.

    Values: the mean return with 60 trials is 60 for a player who remembers, 22.2 for one who
    remembers the last two trials, and 17.3 for one who only reads the hints; with 12 trials 12, 7.6
    and 4.81.

    Source: the arbitrary visuomotor mapping of Wayne et al. (2018),
    https://arxiv.org/abs/1803.10760, by the rules of its relative in DeepMind Lab; images and times
    are ours.
    """

    trials: int = eqx.field(static=True, default=60)
    """Trials of an episode, 1 to 66."""
    view: View = eqx.field(static=True, default="symbols", converter=one_of(View, "view"))
    """The view: `symbols`, or `pixels`."""

    def __check_init__(self):
        check_at_least(1, trials=self.trials)
        if self.trials > MOST * (MOST + 1) // 2:
            raise ValueError(
                f"trials is {self.trials}, expected at most {MOST * (MOST + 1) // 2}: more would "
                f"need more than {MOST} images"
            )

    @property
    def interface(self) -> Interface:
        """The image and the hint; four responses.

        Chance is the return of reading the hints. By repetition: the share of right responses by
        showing.
        """
        spec = SymbolsSpec(1, 1, SIZES) if self.view == "symbols" else ImageSpec(SQUARE, 2 * SQUARE)
        return Interface(
            {MODALITIES[self.view]: spec},
            Discrete(len(FOUR_MOVES)),
            tuple("NESW"),
            chance=READS_THE_HINT.get(self.trials),
            repeated=Repeated("right", "showing", "answered", SHOWINGS),
        )

    def picture(self, observation: Observation) -> UInt8[Array, "9 18 3"]:
        """The trial in pixels, whichever the view."""
        part = observation[MODALITIES[self.view]]
        return part if self.view == "pixels" else _drawn(part)

    def draw(self, key: Key[Array, ""]) -> VisuomotorState:
        """Images and responses, uniform."""
        looks_key, key = jax.random.split(key)
        digits = uniform_digits(key, [*falling(MOST, MOST), *[len(FOUR_MOVES)] * MOST])
        none, zero, no = jnp.zeros(MOST, jnp.int32), jnp.int32(0), jnp.zeros((), bool)
        return VisuomotorState(
            deal_appearances(looks_key),
            jnp.stack(digits[MOST:]),
            jnp.stack(without_repetition(digits[:MOST])),
            jnp.int32(1), zero, ~no, none, zero, no, zero, zero,
        )  # fmt: skip

    def advance(
        self, state: VisuomotorState, action: Int[Array, ""], key: Key[Array, ""]
    ) -> VisuomotorState:
        """Judges a response, and goes on to the next trial."""
        image = self._image(state)
        right = action == state.responses[image]
        unbroken = state.unbroken & right
        over = state.place == state.images - 1
        shuffled = jnp.stack(without_repetition(uniform_digits(key, falling(MOST, MOST))))
        more = jnp.minimum(state.images + 1, MOST)
        return replace(
            state,
            order=jnp.where(over, shuffled, state.order),
            images=jnp.where(over & unbroken, more, state.images),
            place=jnp.where(over, 0, state.place + 1),
            unbroken=unbroken | over,
            showings=state.showings.at[image].add(1),
            trial=state.trial + 1,
            right=right,
            showing=state.showings[image],
            score=jnp.where(right, state.score + 1, state.score),
        )

    def is_last(self, state: VisuomotorState) -> Bool[Array, ""]:
        """All trials are over."""
        return state.trial == self.trials

    def observe(self, state: VisuomotorState) -> TimeStep:
        """An image, and whether the last response was right."""
        last, image = self.is_last(state), self._image(state)
        shape, colour = dealt_appearance(state.looks, image)
        hint = jnp.where(state.showings[image] == 0, 1 + state.responses[image], 0)
        shown = jnp.where(last, 0, jnp.stack([1 + colour, 1 + shape, hint])).astype(jnp.uint8)
        symbols = shown[None, None]
        return TimeStep(
            observation={
                MODALITIES[self.view]: symbols if self.view == "symbols" else _drawn(symbols)
            },
            reward=state.right.astype(jnp.float32),
            discount=1 - last.astype(jnp.float32),
            first=state.trial == 0,
            last=last,
            info={
                "flawless": last & (state.score == self.trials),
                "images": state.images,
                "answered": state.trial > 0,
                "showing": state.showing,
                "right": state.right,
            },
            effective=~last,
        )

    def _image(self, state: VisuomotorState) -> Int[Array, ""]:
        """The image of the present trial: of those in the block, the one at its place."""
        in_block = state.order < state.images
        places = jnp.cumsum(in_block.astype(jnp.int32)) - 1
        return jnp.sum(jnp.where(in_block & (places == state.place), state.order, 0))


def _drawn(symbols: UInt8[Array, "1 1 3"]) -> UInt8[Array, "9 18 3"]:
    """The image, and beside it a bar at the hinted side."""
    colour, shape, hint = symbols[0, 0]
    kind = jnp.where(colour > 0, jnp.uint8(OBJECT), jnp.uint8(0))
    image = render(jnp.stack([kind, colour, shape])[None, None])
    bar = jnp.where(jnp.asarray(_bars())[hint][..., None], jnp.uint8(255), jnp.uint8(0))
    return jnp.concatenate([image, jnp.broadcast_to(bar, image.shape)], axis=1)


def _bars() -> np.ndarray:
    """The lit pixels of each hint: none, then the north, east, south and west side."""
    bars = np.zeros((1 + len(FOUR_MOVES), SQUARE, SQUARE), bool)
    bars[1, :3], bars[2, :, -3:], bars[3, -3:], bars[4, :, :3] = True, True, True, True
    return bars
