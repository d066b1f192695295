"""An episode made ready for drawing."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from engrax.runtime.worlds import World
from engrax.types import Interface
from engrax.viewing.pictures import Frames, pictures, words
from engrax.viewing.record import Episode

RECALLED = 5
"""How many recalled steps are shown as pictures."""
_LEAST = 0.05
"""The least attention of such a step, relative to the largest."""


class Story(NamedTuple):
    """An episode, made ready for drawing.

    Attributes:
        episode: as it was recorded.
        frames: a picture a step.
        words: a text a step.
        interface: of the world it was played in.
        attention: how much each step attended to each other, [T, T].
        remembers: whether the memory has items to attend to at all.
    """

    episode: Episode
    frames: Frames
    words: Sequence[str]
    interface: Interface
    attention: Float[np.ndarray, "t t"]
    remembers: bool


def tell(world: World, episode: Episode) -> Story:
    """Makes an episode ready for drawing."""
    frames = pictures(world, episode.observation)
    return Story(
        episode,
        np.full((episode.length, 1, 1, 3), 250, np.uint8) if frames is None else frames,
        words(world.interface, episode.observation),
        world.interface,
        np.stack([episode.attention(step) for step in range(episode.length)]),
        episode.weights.shape[1] > 0,
    )


def strongest(attention: Float[np.ndarray, " t"], most: int = RECALLED) -> np.ndarray:
    """The steps with the most attention, in the order of time; those with next to none are left
    out.
    """
    steps = np.argsort(-attention, kind="stable")[:most]
    return np.sort(steps[attention[steps] > _LEAST * max(float(attention.max(initial=0.0)), 1e-9)])
