"""The view in pixels: the table with all cards, rendered from tables of whole rows of cards."""

from collections.abc import Callable
from functools import cache, partial

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Int, UInt8

from engrax.envs.memory_game.strokes import GLYPHS, SIDE, glyphs
from engrax.envs.streams import stream_by_stream

CARD = 8
"""Pixels on a side of a card, of which the outermost are its frame, black."""

BACK = (64, 96, 160)
FACE = (32, 32, 32)
INK = (255, 255, 255)


class Table(eqx.Module):
    """Everything that an image depends on.

    Attributes:
        gone: cards that are not drawn because they are gone.
        flipped: the card that lies face up; -1 if none does.
        glyph: the glyph drawn on it, 0..1023.
    """

    gone: Bool[Array, "*b c"]
    flipped: Int[Array, "*b"]
    glyph: Int[Array, "*b"]


@cache
def painter(grid: tuple[int, int], scale: int) -> Callable[[Table], UInt8[Array, "h w 3"]]:
    """The function that paints tables.

    Args:
        grid: rows and columns of cards.
        scale: how many pixels wide and high each pixel of a card is painted.

    Returns:
        From a table to its picture, uint8 `[8 * rows * scale, 8 * columns * scale, 3]`; fast under
        `vmap`, too.
    """
    rows, columns = grid
    shape = (CARD * rows * scale, CARD * columns * scale, 3)
    return stream_by_stream(partial(paint_bands, grid, scale), shape)


def paint_bands(grid: tuple[int, int], scale: int, table: Table) -> UInt8[Array, "..."]:
    """Paints a table, row of cards by row of cards.

    Each is a few long reads: the backs that lie there, and the face, which is stored side by side
    with itself and seen through a window one card wide. Lines of pixels are stored as wide as they
    are painted, and repeated in the end.

    Args:
        grid: as for `painter`.
        scale: as for `painter`.
        table: one.

    Returns:
        The picture's bytes in order.
    """
    rows, columns = grid
    places = jnp.arange(rows * columns, dtype=jnp.int32).reshape(grid)
    face_down = ~table.gone.reshape(grid) & (places != table.flipped)
    codes = jnp.sum(
        jnp.where(face_down, jnp.asarray(1 << np.arange(columns, dtype=np.int32)), 0), axis=1
    )
    backs = jnp.stack([_read(_backs(columns, scale), codes[row]) for row in range(rows)])
    row, column = jnp.divmod(table.flipped, columns)
    face = _read(_faces(columns, scale), table.glyph) & _read(_windows(columns, scale), column)
    here = jnp.where(jnp.arange(rows, dtype=jnp.int32) == row, jnp.uint8(255), jnp.uint8(0))
    bands = backs | (here[:, None] & face[None])
    return bands if scale == 1 else jnp.repeat(bands.reshape(rows * CARD, 1, -1), scale, axis=1)


def _read(table: np.ndarray, index: Int[Array, ""]) -> UInt8[Array, " w"]:
    """An entry of a table; the index is in bounds by construction, and checking it costs time."""
    return jnp.asarray(table).at[index].get(mode="promise_in_bounds")


@cache
def _backs(columns: int, scale: int) -> np.ndarray:
    """Rows of backs: bit i of an entry's index says whether there is one in column i."""
    there = np.arange(2**columns)[:, None] >> np.arange(columns) & 1
    return _bands(there[..., None, None, None] * card_back(), scale)


@cache
def _faces(columns: int, scale: int) -> np.ndarray:
    """Rows of one face in every column, by glyph."""
    faces = np.stack([card_face(glyph) for glyph in glyphs()])
    return _bands(np.broadcast_to(faces[:, None], (GLYPHS, columns, CARD, CARD, 3)), scale)


@cache
def _windows(columns: int, scale: int) -> np.ndarray:
    """Rows with every bit set in one column, and none in the others."""
    through = 255 * np.eye(columns, dtype=np.int64)[..., None, None, None]
    return _bands(np.broadcast_to(through, (columns, columns, CARD, CARD, 3)), scale)


def _bands(cards: np.ndarray, scale: int) -> np.ndarray:
    """Rows of cards, `[n, columns, 8, 8, 3]`, as bytes in the order of a picture, stretched in
    width: `[n, w]`.
    """
    return np.repeat(cards.astype(np.uint8).swapaxes(1, 2), scale, axis=3).reshape(len(cards), -1)


def card_back() -> UInt8[np.ndarray, "8 8 3"]:
    """A card face down."""
    return _framed(np.broadcast_to(np.array(BACK, np.uint8), (SIDE, SIDE, 3)))


def card_face(glyph: Bool[np.ndarray, "6 6"]) -> UInt8[np.ndarray, "8 8 3"]:
    """A card face up."""
    return _framed(np.where(glyph[..., None], np.array(INK, np.uint8), np.array(FACE, np.uint8)))


def _framed(inside: np.ndarray) -> np.ndarray:
    return np.pad(inside, ((1, 1), (1, 1), (0, 0)))


def paint_card(number: Int[Array, ""], pairs: int) -> UInt8[Array, "8 8 3"]:
    """One card for a number as the view "symbols" has them; each number always has the same glyph.

    Args:
        number: 0 for a card face down, 1..pairs for a glyph, pairs + 1 for a card gone.
        pairs: of the game.
    """
    faces = [card_face(glyph) for glyph in glyphs()[:pairs]]
    return jnp.asarray(np.stack([card_back(), *faces, np.zeros((CARD, CARD, 3), np.uint8)]))[number]


def magnify(image: UInt8[Array, "h w 3"], least: int = 192) -> UInt8[Array, "h2 w2 3"]:
    """Repeats pixels, all equally often, until the longer side has at least so many."""
    times = -(-least // max(image.shape[:2]))
    return jnp.repeat(jnp.repeat(image, times, axis=0), times, axis=1)
