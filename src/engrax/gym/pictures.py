"""Boxes of uint8 of rank 2 or 3: pictures, or grids of categories."""

from typing import Any

import numpy as np
from gymnasium import spaces

from engrax.errors import ConfigError
from engrax.gym.readings import ObservationOptions, Reading, check_range, check_shape
from engrax.types import ImageSpec, SymbolsSpec

SMALL = 16
"""A Box whose edges are at most this long is read as symbols: pictures are larger."""
FEW = 64
"""A Box with fewer values than this is read as symbols: pictures have 256."""


def read_picture(here: str, space: spaces.Box, options: ObservationOptions) -> Reading:
    """Reads `[h, w]`, `[h, w, c]` or `[c, h, w]` as a picture or as a grid of categories.

    Channels come first where the first axis is shorter than both others.

    Args:
        here: the place of the space, for error messages.
        space: a Box of uint8 of rank 2 or 3.
        options: what it is read as.

    Raises:
        ConfigError: `options.symbol_sizes` does not have a size for each channel.
    """
    shape = space.shape
    first = len(shape) == 3 and shape[0] < min(shape[1:])
    sizes = _sizes(here, np.moveaxis(space.high, 0, -1) if first else space.high, options)
    height, width, channels = (*shape[1:], shape[0]) if first else (*shape, 1)[:3]
    spec = SymbolsSpec(height, width, sizes) if sizes else ImageSpec(height, width, channels)

    def convert(batch: Any) -> np.ndarray:
        batch = check_shape(here, batch, shape)
        batch = batch.transpose(0, 2, 3, 1) if first else batch
        batch = batch.reshape(len(batch), *spec.shape)
        if sizes and min(sizes) < 256:
            check_range(here, batch, sizes)
        return batch.astype(spec.dtype, order="C")

    order = ", channels first" if first else ""
    size = " x ".join(map(str, shape))
    return Reading(spec, convert, f"uint8 {size}{order}, read as {_as_what(sizes, options)}")


def _sizes(here: str, high: np.ndarray, options: ObservationOptions) -> tuple[int, ...]:
    """How many values each channel has, where a Box with such largest values is a grid.

    Returns:
        One size a channel; none for a picture.
    """
    likely = max(high.shape[:2]) <= SMALL or int(high.max()) < FEW
    if options.image_as == "pixels" or (options.image_as == "auto" and not likely):
        return ()
    sizes = tuple(int(value) + 1 for value in high.reshape(*high.shape[:2], -1).max(axis=(0, 1)))
    if options.symbol_sizes and len(options.symbol_sizes) != len(sizes):
        raise ConfigError(
            f"symbol_sizes is {options.symbol_sizes}, but {here} has {len(sizes)} channels: give "
            "one size a channel"
        )
    known = options.grid_sizes if len(options.grid_sizes) == len(sizes) else sizes
    return options.symbol_sizes or known


def _as_what(sizes: tuple[int, ...], options: ObservationOptions) -> str:
    """What it is read as, and how to choose otherwise."""
    if not sizes:
        chosen, other = "a picture", "symbols"
    else:
        chosen, other = f"symbols of {', '.join(map(str, sizes))} values", "pixels"
    return chosen + (f" (image_as {other} would change it)" if options.image_as == "auto" else "")
