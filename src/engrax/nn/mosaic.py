"""Divides images into square tiles, row by row, with padding, and reassembles them."""

import jax.numpy as jnp
from jaxtyping import Array, Float, Shaped, UInt8

from engrax.types import ImageSpec


def grid_of_tiles(height: int, width: int, tile: int) -> tuple[int, int]:
    """Rows and columns of the tiles that cover an image."""
    return -(-height // tile), -(-width // tile)


def num_tiles(spec: ImageSpec, tile: int) -> int:
    """The number of tiles with an edge of `tile` pixels that cover an image."""
    rows, columns = grid_of_tiles(spec.height, spec.width, tile)
    return rows * columns


def padded(picture: Shaped[Array, "*n h w c"], tile: int) -> Shaped[Array, "*n a b c"]:
    """The picture with zeros below and on the right, so that tiles fill it."""
    height, width = picture.shape[-3:-1]
    rows, columns = grid_of_tiles(height, width, tile)
    margins = ((0, rows * tile - height), (0, columns * tile - width), (0, 0))
    return jnp.pad(picture, ((0, 0),) * (picture.ndim - 3) + margins)


def intensities(picture: UInt8[Array, "..."]) -> Float[Array, "..."]:
    """Bytes 0..255 as 0..1."""
    return picture.astype(jnp.float32) / 255.0


def tiles_of(picture: Shaped[Array, "*n h w c"], tile: int) -> Shaped[Array, "*n t p"]:
    """The tiles, each flattened."""
    picture = padded(picture, tile)
    *batch, height, width, channels = picture.shape
    apart = picture.reshape(-1, height // tile, tile, width // tile, tile, channels).transpose(
        0, 1, 3, 2, 4, 5
    )
    return apart.reshape(*batch, -1, tile * tile * channels)


def picture_of(
    tiles: Shaped[Array, "*n t p"], spec: ImageSpec, tile: int
) -> Shaped[Array, "*n h w c"]:
    """The inverse, without the padding."""
    rows, columns = grid_of_tiles(spec.height, spec.width, tile)
    apart = tiles.reshape(-1, rows, columns, tile, tile, spec.channels).transpose(0, 1, 3, 2, 4, 5)
    whole = apart.reshape(*tiles.shape[:-2], rows * tile, columns * tile, spec.channels)
    return whole[..., : spec.height, : spec.width, :]
