"""The view in symbols: 11 x 11 squares around the agent, each a kind, colour and shape."""

from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Int, UInt8

from engrax.envs.ballet.tables import BOARD, CENTRE
from engrax.envs.grid.tables import AGENT, EMPTY, OBJECT, WALL
from engrax.envs.streams import stream_by_stream


class Scene(eqx.Module):
    """Everything that the view depends on.

    Attributes:
        row: the agent's row on the board.
        column: the agent's column on the board.
        view_rows: the dancers' rows in the view, -4..14; the view has 0..10.
        view_columns: the dancers' columns in the view, -4..14.
        colours: the dancers', 0..18.
        shapes: the dancers', 0..14.
    """

    row: Int[Array, "*b"]
    column: Int[Array, "*b"]
    view_rows: Int[Array, "*b n"]
    view_columns: Int[Array, "*b n"]
    colours: Int[Array, "*b n"]
    shapes: Int[Array, "*b n"]


def draw_symbols(scene: Scene) -> UInt8[Array, "363"]:
    """Compares every byte of the view with every dancer.

    In bytes this is a few vector instructions a dancer; placing dancers by index would be a memory
    access each.
    """
    rows, columns, feature = (
        axis.reshape(-1) for axis in np.mgrid[:BOARD, :BOARD, :3].astype(np.uint8)
    )
    is_kind, is_colour, squares = (
        jnp.asarray(feature == 0),
        jnp.asarray(feature == 1),
        _code(rows, columns),
    )
    dancers = _code(scene.view_rows, scene.view_columns)
    backdrop = jnp.where(_is_wall(scene, rows, columns), jnp.uint8(WALL), jnp.uint8(EMPTY))
    backdrop = jnp.where(squares == _code(CENTRE, CENTRE), jnp.uint8(AGENT), backdrop)
    symbols = jnp.where(is_kind, backdrop, jnp.uint8(0))
    for i in range(dancers.size):
        colour, shape = (
            (scene.colours[i] + 1).astype(jnp.uint8),
            (scene.shapes[i] + 1).astype(jnp.uint8),
        )
        dancer = jnp.where(is_kind, jnp.uint8(OBJECT), jnp.where(is_colour, colour, shape))
        symbols = jnp.where(squares == dancers[i], dancer, symbols)
    return symbols


view_symbols = stream_by_stream(draw_symbols, (BOARD, BOARD, 3))
"""The view of a scene, uint8 `[11, 11, 3]`: per square the kind (0 empty or outside, 1 wall, 2
agent, 3 dancer), the colour (0 none, else 1..19) and the shape (0 none, else 1..15). A dancer hides
the agent."""


def _code(rows: Any, columns: Any) -> UInt8[Array, "..."]:
    """A byte for each square: row and column, four bits each. -4..-1 and 11..14 stay apart from
    0..10, the view.
    """
    return jnp.asarray((rows & 15) << 4 | (columns & 15)).astype(jnp.uint8)


def _is_wall(scene: Scene, rows: np.ndarray, columns: np.ndarray) -> Bool[Array, "..."]:
    """Which squares of the view show the board's border. What lies before the board wraps round to
    above 250.
    """
    down = jnp.asarray(rows) + (scene.row - CENTRE).astype(jnp.uint8)
    along = jnp.asarray(columns) + (scene.column - CENTRE).astype(jnp.uint8)
    return (down < BOARD) & (along < BOARD) & (_is_edge(down) | _is_edge(along))


def _is_edge(line: UInt8[Array, "..."]) -> Bool[Array, "..."]:
    return (line == 0) | (line == BOARD - 1)
