"""The glyphs on the cards: small drawings of one stroke, any two of which differ in many pixels.

They are made, not stored: crooked strokes are drawn at random, always the same, and those kept that
are far enough from all kept before. So no file comes with the task, and nobody's handwriting.
"""

from functools import cache

import numpy as np
from jaxtyping import Bool, Int

SIDE = 6
"""Pixels on a side of a glyph."""
GLYPHS = 1024
"""How many glyphs there are."""
LEAST_DISTANCE = 8
"""The least number of pixels, of 36, in which any two glyphs differ."""

_CORNERS = 5  # a stroke is straight from each of them to the next
_LIT = (8, 22)  # pixels that a glyph has at least and at most
_STROKES = 80_000  # to choose from


@cache
def glyphs() -> Bool[np.ndarray, "1024 6 6"]:
    """All glyphs: which of their pixels are lit. The same on every machine."""
    strokes = draw_strokes(_STROKES)
    lit = strokes.sum(axis=1)
    strokes = strokes[(lit >= _LIT[0]) & (lit <= _LIT[1])]
    chosen = spread_out(strokes, LEAST_DISTANCE, GLYPHS).reshape(GLYPHS, SIDE, SIDE)
    chosen.setflags(write=False)  # all callers share it
    return chosen


def draw_strokes(count: int) -> Bool[np.ndarray, "n 36"]:
    """Strokes through random corners.

    Args:
        count: how many.

    Returns:
        The pixels of each, row by row; the same whenever and wherever called.
    """
    words = np.random.PCG64(0).random_raw(count * _CORNERS)  # NumPy promises never to change these
    corners = (words % SIDE**2).astype(np.int64).reshape(count, _CORNERS)
    lines = _lines()
    return np.any([lines[corners[:, i], corners[:, i + 1]] for i in range(_CORNERS - 1)], axis=0)


def spread_out(
    candidates: Bool[np.ndarray, "n b"], distance: int, count: int
) -> Bool[np.ndarray, "count b"]:
    """Chooses bitmaps in order, passing over those that are too close to one chosen before.

    Args:
        candidates: bitmaps, each a row of pixels.
        distance: how many pixels any two chosen differ in, at least.
        count: how many to choose.

    Returns:
        The bitmaps chosen.
    """
    chosen = []
    for _ in range(count):
        chosen.append(candidates[0])
        candidates = candidates[np.count_nonzero(candidates != candidates[0], axis=1) >= distance]
    return np.stack(chosen)


def _lines() -> Bool[np.ndarray, "36 36 36"]:
    """The pixels on the straight line between any two."""
    pixels = np.stack(np.divmod(np.arange(SIDE**2), SIDE), axis=-1)
    parts = 2 * SIDE
    way = (pixels[None, :, None] - pixels[:, None, None]) * np.arange(parts + 1)[:, None]
    points = pixels[:, None, None] + (2 * way + parts) // (
        2 * parts
    )  # in whole numbers, alike on every machine
    index: Int[np.ndarray, "36 36 13"] = points @ np.array([SIDE, 1])
    lines = np.zeros((SIDE**2,) * 3, bool)
    np.put_along_axis(lines, index, True, axis=-1)
    return lines
