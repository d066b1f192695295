"""Symbols of squares in pixels."""

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, UInt8

from engrax.envs.grid.tables import (
    AGENT,
    AGENT_WHITE,
    BOX,
    COLOURS,
    DOOR,
    EMPTY,
    OBJECT,
    SHAPES,
    SIZES,
    SQUARE,
    WALL,
    WALL_GREY,
)

BOX_BROWN, DOOR_BROWN = (150, 110, 60), (90, 50, 20)
PALE = 200  # an object without colour
FLOOR_SHARE = 3  # a coloured floor is shown at a third of its brightness


def render(symbols: UInt8[Array, "r c 3"]) -> UInt8[Array, "h w 3"]:
    """Draws squares in pixels, 9 a side, each with its shape in its colour on black.

    Args:
        symbols: of each square the kind, the colour and the shape.
    """
    rows, columns = symbols.shape[:2]
    kind, colour, shape = symbols[..., 0], symbols[..., 1], symbols[..., 2]
    ink = jnp.asarray(_inks())[kind, colour]
    lit = jnp.asarray(_stencils())[kind, shape]
    squares = jnp.where(lit[..., None], ink[:, :, None, None], jnp.uint8(0))
    return squares.swapaxes(1, 2).reshape(rows * SQUARE, columns * SQUARE, 3)


def _inks() -> np.ndarray:
    """The colour of a square's lit pixels, by kind and colour: uint8 `[6, 20, 3]`."""
    inks = np.zeros((*SIZES[:2], 3), np.uint8)
    colours = np.array(list(COLOURS.values()), np.uint8)
    inks[WALL], inks[AGENT] = WALL_GREY, AGENT_WHITE
    inks[WALL, 1:] = colours
    inks[BOX], inks[DOOR] = BOX_BROWN, DOOR_BROWN
    inks[EMPTY, 1:], inks[OBJECT, 1:], inks[OBJECT, 0] = colours // FLOOR_SHARE, colours, PALE
    return inks


def _stencils() -> np.ndarray:
    """The lit pixels of a square, by kind and shape; without a shape all are, and of a box its
    edge and its seam: bool `[6, 16, 9, 9]`.
    """
    plain = np.stack([np.ones((SQUARE, SQUARE), bool), *SHAPES.values()])
    by_kind = np.stack([plain] * SIZES[0])
    by_kind[BOX, 0] = SHAPES["empty_square"]
    by_kind[BOX, 0, SQUARE // 2] = True
    return by_kind
