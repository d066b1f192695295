"""Pictures cut into square tiles, row by row, and put together again."""

import jax.numpy as jnp
from jaxtyping import Array, Float, Shaped, UInt8

from engrax.types import ImageSpec


def num_tiles(spec: ImageSpec, tile: int) -> int:
    """How many tiles of so many pixels an edge make a picture.

    Raises:
        ValueError: they do not divide it.
    """
    if spec.height % tile or spec.width % tile:
        raise ValueError(f"tile {tile} does not divide the image {spec.height}x{spec.width}: choose one that does")
    return (spec.height // tile) * (spec.width // tile)


def intensities(picture: UInt8[Array, "..."]) -> Float[Array, "..."]:
    """Bytes 0..255 as 0..1."""
    return picture.astype(jnp.float32) / 255.0


def tiles_of(picture: Shaped[Array, "*n h w c"], tile: int) -> Shaped[Array, "*n t p"]:
    """The tiles, the pixels of each in one row."""
    *batch, height, width, channels = picture.shape
    apart = picture.reshape(-1, height // tile, tile, width // tile, tile, channels).transpose(0, 1, 3, 2, 4, 5)
    return apart.reshape(*batch, -1, tile * tile * channels)


def picture_of(tiles: Shaped[Array, "*n t p"], spec: ImageSpec, tile: int) -> Shaped[Array, "*n h w c"]:
    """The inverse."""
    rows, columns = spec.height // tile, spec.width // tile
    apart = tiles.reshape(-1, rows, columns, tile, tile, spec.channels).transpose(0, 1, 3, 2, 4, 5)
    return apart.reshape(*tiles.shape[:-2], *spec.shape)
