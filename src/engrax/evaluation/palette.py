"""The 255 colours of a GIF: those that are everywhere exactly, the others nearly."""

import numpy as np
from jaxtyping import UInt8
from PIL import Image

COLOURS, _EXACT = 255, 128
"""How many colours there are (the 256th of a GIF is left for what does not change), and how many exact ones."""
_BITS = 6
"""Bits of each channel by which a colour is looked up."""


class Palette:
    """Colours chosen from some pictures, for many like them.

    Pillow's own look-up takes a colour for any that is near it, so that white is no longer white.
    """

    def __init__(self, pixels: UInt8[np.ndarray, "n 3"]):
        """Args: the pixels of the pictures."""
        colours = _choose(pixels)
        self._bytes = colours.tobytes()
        cells = np.mgrid[: 1 << _BITS, : 1 << _BITS, : 1 << _BITS].reshape(3, -1).T.astype(np.float32)
        middles = (cells + 0.5) * (1 << (8 - _BITS)) - 0.5
        self._table = _nearest(middles, colours.astype(np.float32))
        # The commonest come first; the last to be written stays, so they are written in reverse.
        self._table[_cell(colours)[::-1]] = np.arange(len(colours), dtype=np.uint8)[::-1]

    def apply(self, picture: UInt8[np.ndarray, "h w 3"]) -> Image.Image:
        """The picture in these colours."""
        drawn = Image.fromarray(self._table[_cell(picture)])
        drawn.putpalette(self._bytes)
        return drawn


def _choose(pixels: UInt8[np.ndarray, "n 3"]) -> UInt8[np.ndarray, "c 3"]:
    """The commonest colours first, then those that stand best for all others."""
    codes = pixels.astype(np.uint32) @ np.array([1 << 16, 1 << 8, 1], np.uint32)
    found, counts = np.unique(codes, return_counts=True)
    found = found[np.argsort(-counts, kind="stable")]
    colours = np.stack([found >> 16, found >> 8 & 255, found & 255], axis=-1).astype(np.uint8)
    if len(found) <= COLOURS:
        return colours
    # Each other colour counts once, not by its pixels: the rare ones are thin lines and the edges of letters.
    others = Image.fromarray(colours[None, _EXACT:]).quantize(COLOURS - _EXACT, method=Image.Quantize.MEDIANCUT)
    rest = np.array(others.getpalette(), np.uint8).reshape(-1, 3)
    return np.concatenate([colours[:_EXACT], rest])[:COLOURS]


def _cell(colours: UInt8[np.ndarray, "*n 3"]) -> np.ndarray:
    high = (colours >> (8 - _BITS)).astype(np.int32)
    return (high[..., 0] << (2 * _BITS)) | (high[..., 1] << _BITS) | high[..., 2]


def _nearest(points: np.ndarray, colours: np.ndarray) -> UInt8[np.ndarray, " n"]:
    """The index of the colour nearest to each point: the one with the least |c|^2 - 2 c.p."""
    squares = np.square(colours).sum(axis=1)
    parts = np.array_split(points, 32)
    return np.concatenate([np.argmin(squares - 2 * part @ colours.T, axis=1) for part in parts]).astype(np.uint8)
