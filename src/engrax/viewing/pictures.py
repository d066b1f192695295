"""Observations as images and text, for display."""

from collections.abc import Mapping, Sequence

import jax
import numpy as np
from jaxtyping import UInt8

from engrax.runtime.worlds import Pure, World
from engrax.types import ImageSpec, Interface, SymbolsSpec, TextSpec, VectorSpec

Frames = UInt8[np.ndarray, "t h w 3"]

_SQUARE = 9
"""Pixels of a square of symbols; the ninth part of it frames the rest."""
_BARS = 96
"""Height of a vector's bars, and the least width of all of them together."""
_PAPER, _INK, _BELOW = (238, 238, 238), (0, 114, 178), (213, 94, 0)
# Kelly's colours of most contrast, after the code 0, which is nothing; more codes begin again,
# paler each time.
_CODES = (
    (24, 24, 24), (243, 195, 0), (135, 86, 146), (243, 132, 0), (161, 202, 241), (190, 0, 50),
    (194, 178, 128), (132, 132, 130), (0, 136, 86), (230, 143, 172), (0, 103, 165),
    (249, 147, 121), (96, 78, 151), (246, 166, 0), (179, 68, 108), (220, 211, 0), (136, 45, 23),
    (141, 182, 0), (101, 69, 34), (226, 88, 34), (43, 61, 38),
)  # fmt: skip


def pictures(world: World, observation: Mapping[str, np.ndarray]) -> Frames | None:
    """Draws the observations of an episode: by the environment's `picture`, or else part by part.

    Args:
        world: whose observations these are.
        observation: one array a part, [T, ...].

    Returns:
        A picture a step, all of one size, modalities one under the other; None where there is
        nothing but text.
    """
    own = (
        jax.jit(jax.vmap(world.environment.picture))(observation)
        if isinstance(world, Pure)
        else None
    )
    if own is not None:
        return np.asarray(own)
    specs = world.interface.observations.items()
    drawn = [
        DRAWN[type(spec)](np.asarray(observation[name]))
        for name, spec in specs
        if type(spec) in DRAWN
    ]
    return _stack(drawn) if drawn else None


def words(interface: Interface, observation: Mapping[str, np.ndarray]) -> list[str]:
    """The text of each step; empty where there is no text.

    Args:
        interface: of the world whose observations these are.
        observation: one array a part, [T, ...].

    Returns:
        T strings.
    """
    steps = len(next(iter(observation.values())))
    lines: list[list[str]] = [[] for _ in range(steps)]
    for name, spec in interface.observations.items():
        if isinstance(spec, TextSpec):
            for line, tokens in zip(lines, np.asarray(observation[name]), strict=True):
                line.extend(spec.vocabulary[token] for token in tokens)
    return [" ".join(word for word in line if word) for line in lines]


def image_pictures(images: UInt8[np.ndarray, "t h w c"]) -> Frames:
    """Images as they are: the first three channels, or the first in grey where there are not so
    many.
    """
    return images[..., :3] if images.shape[-1] >= 3 else np.repeat(images[..., :1], 3, axis=-1)


def symbols_pictures(symbols: np.ndarray) -> Frames:
    """A grid of squares, each with one stripe a feature, top to bottom; each code of a feature has
    its colour.

    Args:
        symbols: codes, [T, h, w, f]; 0 is nothing, which is dark.

    Returns:
        Pictures of at least 9 pixels a square.
    """
    steps, height, width, features = symbols.shape
    stripe = max(1, (_SQUARE - 1) // features)
    colours = np.asarray(_CODES, np.uint8)
    again = np.maximum(symbols.astype(np.int64) - 1, 0) // (len(_CODES) - 1)
    code = np.where(symbols > 0, 1 + (symbols.astype(np.int64) - 1) % (len(_CODES) - 1), 0)
    paler = 255 - (255 - colours[code].astype(np.int64)) // (1 + again[..., None])
    side = stripe * features
    inside = np.repeat(paler.astype(np.uint8).transpose(0, 1, 3, 2, 4), stripe, axis=2)
    inside = np.repeat(inside[:, :, :, :, None], side, axis=4)
    squares = np.zeros((steps, height, side + 1, width, side + 1, 3), np.uint8)
    squares[:, :, :side, :, :side] = inside
    return squares.reshape(steps, height * (side + 1), width * (side + 1), 3)


def vector_pictures(vectors: np.ndarray) -> Frames:
    """Bars, one a component: up and blue where positive, down and red where negative, on one scale
    for all steps.

    Args:
        vectors: real numbers, [T, n].

    Returns:
        Pictures of 96 pixels in height.
    """
    steps, size = vectors.shape
    finite = np.nan_to_num(vectors.astype(np.float64), posinf=0.0, neginf=0.0)
    scale = max(float(np.abs(finite).max(initial=0.0)), 1e-12)
    low = _BARS // 2 if (finite < 0).any() else 4  # pixels under the base line
    heights = np.round(finite / scale * (_BARS - 8 - low if low == 4 else low - 4)).astype(np.int64)
    above = (
        _BARS - low - np.arange(_BARS)[:, None]
    )  # of each row of pixels: how high it is over the base line
    bars = np.where(heights[:, None] > 0, (above >= 1) & (above <= heights[:, None]), False)
    drops = np.where(heights[:, None] < 0, (above < 1) & (above > heights[:, None]), False)
    wide = max(3, _BARS // max(size, 1))
    columns = np.empty((steps, _BARS, size, 3), np.uint8)
    columns[:] = _PAPER
    columns[:, _BARS - low] = (150, 150, 150)
    columns[bars], columns[drops] = _INK, _BELOW
    drawn = np.repeat(columns, wide, axis=2)
    drawn[:, :, ::wide] = _PAPER
    return drawn


DRAWN = {ImageSpec: image_pictures, SymbolsSpec: symbols_pictures, VectorSpec: vector_pictures}
"""How parts of an observation are drawn, by their kind; others, such as text, are not."""


def _stack(drawn: Sequence[np.ndarray]) -> Frames:
    """Pictures one under the other, stretched to the width of the widest."""
    width = max(frames.shape[2] for frames in drawn)
    scaled = []
    for frames in drawn:
        height = max(1, round(frames.shape[1] * width / frames.shape[2]))
        rows = np.arange(height) * frames.shape[1] // height
        columns = np.arange(width) * frames.shape[2] // width
        scaled.append(
            frames[:, rows[:, None], columns[None]] if frames.shape[2] != width else frames
        )
    return np.concatenate(scaled, axis=1)
