"""The view in pixels: a fast renderer of scenes."""

from functools import cache

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Int, UInt8

from engrax.envs.ballet.view import Scene
from engrax.envs.grid.tables import (
    AGENT_WHITE,
    COLOURS,
    SHAPES,
    SQUARE,
    WALL_GREY,
)
from engrax.envs.grid.walk import BOARD, CENTRE
from engrax.envs.streams import stream_by_stream

_BAND = (
    SQUARE * BOARD * SQUARE * 3
)  # bytes in a band: one row of the view's squares, 9 rows of pixels


def draw_bands(scene: Scene) -> UInt8[Array, "11 w"]:
    """The bands of one scene: walls, the agent unless hidden, and each dancer.

    An image is 11 bands, and a band is the bitwise or of the few things on it, each one long read
    from a table.
    """
    rows, columns = scene.view_rows, scene.view_columns
    board_rows = jnp.arange(BOARD, dtype=jnp.int32) + (scene.row - CENTRE)
    on_board = (board_rows >= 0) & (board_rows < BOARD)
    on_edge = (board_rows == 0) | (board_rows == BOARD - 1)
    hidden = jnp.any((rows == CENTRE) & (columns == CENTRE))
    walls, sides, agent = _backdrop()
    bands = _on(on_edge, _read(walls, scene.column)) | _on(on_board, _read(sides, scene.column))
    bands = bands | _on(_is_row(CENTRE) & ~hidden, jnp.asarray(agent))
    places = jnp.where((columns >= 0) & (columns < BOARD), columns, BOARD) + scene.shapes * (
        BOARD + 1
    )
    for i in range(rows.size):
        here = _is_row(rows[i])
        bands = bands | (
            _on(here, _read(_sprites(), places[i])) & _on(here, _read(_washes(), scene.colours[i]))
        )
    return bands


def _is_row(row: Int[Array, ""] | int) -> Array:
    return jnp.arange(BOARD, dtype=jnp.int32) == row


def _on(rows: Array, strip: UInt8[Array, " w"]) -> UInt8[Array, "11 w"]:
    """The strip on these rows of the view, black on the others."""
    return jnp.where(rows, jnp.uint8(255), jnp.uint8(0))[:, None] & strip[None]


def _read(table: np.ndarray, index: Int[Array, ""]) -> UInt8[Array, " w"]:
    """A row of a table; the index is in bounds by construction, and checking it costs time."""
    return jnp.asarray(table).at[index].get(mode="promise_in_bounds")


def _strip(squares: np.ndarray) -> np.ndarray:
    """Pixels of bands, `[..., 9 pixel rows, 11 squares, 9 pixels]`, as uint8 `[..., w]`, three
    bytes a pixel.
    """
    return np.repeat(squares.astype(np.uint8).reshape(*squares.shape[:-3], -1), 3, axis=-1)


@cache
def _backdrop() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Strips of a wall along the board and of the two walls at its sides, by the agent's column;
    and of the agent.
    """
    line = np.arange(BOARD) + np.arange(BOARD)[:, None] - CENTRE
    walls = WALL_GREY * ((line >= 0) & (line < BOARD))
    sides = WALL_GREY * ((line == 0) | (line == BOARD - 1))
    agent = AGENT_WHITE * (np.arange(BOARD) == CENTRE)
    return _band(walls), _band(sides), _band(agent)


def _band(line: np.ndarray) -> np.ndarray:
    """Strips of whole squares, from their brightness: `[..., 11]`."""
    return _strip(
        np.broadcast_to(line[..., None, :, None], (*line.shape[:-1], SQUARE, BOARD, SQUARE))
    )


@cache
def _sprites() -> np.ndarray:
    """Strips with one shape in one square, 255 where lit: by shape and column, of which the last is
    out of view.
    """
    sprites = np.zeros((len(SHAPES), BOARD + 1, SQUARE, BOARD, SQUARE), np.uint8)
    for column in range(BOARD):
        sprites[:, column, :, column] = 255 * np.stack(list(SHAPES.values()))
    return _strip(sprites).reshape(-1, _BAND)


@cache
def _washes() -> np.ndarray:
    """Strips of one colour, by colour."""
    return np.tile(np.array(list(COLOURS.values()), np.uint8), (1, _BAND // 3))


paint = stream_by_stream(draw_bands, (BOARD * SQUARE, BOARD * SQUARE, 3))
"""The image of a scene: `render(view_symbols(scene))`, many times faster on a CPU."""
