"""Boards as lists of rectangles: what is on a square, and the view around one."""

from dataclasses import replace
from functools import cache
from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Int, UInt8

from engrax.envs.grid.tables import AGENT, EMPTY, WALL
from engrax.envs.streams import stream_by_stream

KEEP = -1
"""A feature that a patch leaves as the patches below it have it."""


class Patches(eqx.Module):
    """Rectangles that are painted in order, each over those before it. Squares without any are 0.

    Rows, columns and edges are below 128.

    Attributes:
        row: of the upper left corner on the board.
        column: likewise.
        height: in squares; 0 hides the patch.
        width: in squares.
        kind: of its squares, see `engrax.envs.grid.tables`, or `KEEP`.
        colour: 0 for none, else 1..19, or `KEEP`.
        shape: 0 for none, else 1..15, or `KEEP`.
    """

    row: Int[Array, " k"]
    column: Int[Array, " k"]
    height: Int[Array, " k"]
    width: Int[Array, " k"]
    kind: Int[Array, " k"]
    colour: Int[Array, " k"]
    shape: Int[Array, " k"]


def patches(
    row: Any,
    column: Any,
    *,
    height: Any = 1,
    width: Any = 1,
    kind: Any = EMPTY,
    colour: Any = 0,
    shape: Any = 0,
    shown: Any = True,
) -> Patches:
    """Patches of given features; each is a number for all of them, or has one entry a patch.

    Args:
        row: see `Patches`; likewise the others.
        column: of the upper left corner.
        height: in squares.
        width: in squares.
        kind: of the squares.
        colour: of the squares.
        shape: of the squares.
        shown: whether a patch is painted.
    """
    features = (row, column, jnp.where(shown, height, 0), width, kind, colour, shape)
    whole = jnp.broadcast_arrays(*(jnp.atleast_1d(jnp.asarray(f, jnp.int32)) for f in features))
    return Patches(*whole)


def join(*parts: Patches) -> Patches:
    """All patches, in this order."""
    fields = zip(*((*vars(part).values(),) for part in parts), strict=True)
    return Patches(*(jnp.concatenate(field) for field in fields))


def only(board: Patches, when: Bool[Array, ""]) -> Patches:
    """The same patches, hidden unless the condition holds."""
    return replace(board, height=jnp.where(when, board.height, 0))


Rectangle = tuple[int, int, int, int]
"""Row and column of the corner, height and width."""


def square_of(
    rectangle: Rectangle, number: Int[Array, ""]
) -> tuple[Int[Array, ""], Int[Array, ""]]:
    """The row and column of a rectangle's square, numbered row by row."""
    row, column, _, width = rectangle
    down, along = jnp.divmod(number, np.int32(width))
    return row + down, column + along


def floor(row: int, column: int, height: int, width: int) -> Patches:
    """A floor; row and column are its corner's."""
    return patches(row, column, height=height, width=width)


def room(row: int, column: int, height: int, width: int) -> Patches:
    """A floor of so many squares with a ring of wall around it; the corner is the floor's."""
    wall = patches(row - 1, column - 1, height=height + 2, width=width + 2, kind=WALL)
    return join(wall, floor(row, column, height, width))


def agent(row: Int[Array, ""], column: Int[Array, ""]) -> Patches:
    """The agent on its square, which keeps the floor's colour."""
    return patches(row, column, kind=AGENT, colour=KEEP, shape=KEEP)


def at(
    board: Patches, row: Int[Array, ""], column: Int[Array, ""]
) -> tuple[Int[Array, ""], Int[Array, ""], Int[Array, ""]]:
    """The kind, colour and shape of one square."""
    below, right = row - board.row, column - board.column
    covers = (below >= 0) & (below < board.height) & (right >= 0) & (right < board.width)
    return _last(covers, board.kind), _last(covers, board.colour), _last(covers, board.shape)


def _last(covers: Array, feature: Int[Array, " k"]) -> Int[Array, ""]:
    """The feature of the last patch that covers a square and does not keep it."""
    value = jnp.zeros((), jnp.int32)
    for i in range(feature.size):
        value = jnp.where(covers[i] & (feature[i] != KEEP), feature[i], value)
    return value


def view(
    board: Patches, row: Int[Array, ""], column: Int[Array, ""], sight: int
) -> UInt8[Array, "s s 3"]:
    """The squares around a place: the kind, colour and shape of each.

    Args:
        board: all that is on it.
        row: of the place.
        column: of the place.
        sight: squares on a side, odd.
    """
    return _viewer(sight)((board, row, column))


@cache
def _viewer(sight: int) -> Any:
    """The view of one size; on a CPU, stream by stream."""
    grid = np.mgrid[:sight, :sight, :3].reshape(3, -1).astype(np.uint8)
    down, along, feature = grid[0], grid[1], grid[2]

    def draw(scene: tuple[Patches, Array, Array]) -> UInt8[Array, " b"]:
        board, row, column = scene
        top = (board.row - row + sight // 2).astype(jnp.uint8)
        left = (board.column - column + sight // 2).astype(jnp.uint8)
        size = board.height.astype(jnp.uint8), board.width.astype(jnp.uint8)
        features = [f.astype(jnp.uint8) for f in (board.kind, board.colour, board.shape)]
        seen = jnp.zeros(down.size, jnp.uint8)
        for i in range(board.row.size):
            # what lies above or left of the patch wraps round to a large number
            inside = (down - top[i] < size[0][i]) & (along - left[i] < size[1][i])
            kind, colour, shape = (f[i] for f in features)
            painted = jnp.where(feature == 0, kind, jnp.where(feature == 1, colour, shape))
            seen = jnp.where(inside & (painted != np.uint8(KEEP % 256)), painted, seen)
        return seen

    return stream_by_stream(draw, (sight, sight, 3))
