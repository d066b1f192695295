"""Walking on a board, and the places around its centre."""

from collections.abc import Mapping

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Int

from engrax.envs.grid.patches import Patches, at, room
from engrax.envs.grid.tables import DOOR, MOVES, WALL

BOARD = 11
"""Squares on a side of the board of tasks with one room, the ring of wall included."""
CENTRE = BOARD // 2
"""The row and column of its centre, where the agent starts."""
FARTHEST = CENTRE - 1
"""Moves from the centre to the last squares before the wall."""


def hall() -> Patches:
    """The board of tasks with one room: a floor and a ring of wall."""
    return room(1, 1, BOARD - 2, BOARD - 2)


def walk(
    board: Patches,
    row: Int[Array, ""],
    column: Int[Array, ""],
    action: Int[Array, ""],
    moves: Mapping[str, tuple[int, int]] = MOVES,
) -> tuple[Int[Array, ""], Int[Array, ""]]:
    """Where a move leads: one square on, or nowhere if a wall or a shut door is there.

    Args:
        board: all that is on it.
        row: of the agent.
        column: of the agent.
        action: which move.
        moves: by name, as rows and columns.
    """
    steps = jnp.asarray(np.array(list(moves.values()), np.int32))
    ahead = row + steps[action, 0], column + steps[action, 1]
    kind, _, _ = at(board, *ahead)
    free = (kind != WALL) & (kind != DOOR)
    return jnp.where(free, ahead[0], row), jnp.where(free, ahead[1], column)


def touching(
    row: Int[Array, ""], column: Int[Array, ""], rows: Int[Array, "*k"], columns: Int[Array, "*k"]
) -> Bool[Array, "*k"]:
    """Which of some places the agent is on."""
    return (rows == row) & (columns == column)


def in_view(
    row: Int[Array, ""],
    column: Int[Array, ""],
    rows: Int[Array, "*k"],
    columns: Int[Array, "*k"],
    sight: int,
) -> Bool[Array, "*k"]:
    """Which of some places are among the `sight` x `sight` squares around the agent."""
    return (jnp.abs(rows - row) <= sight // 2) & (jnp.abs(columns - column) <= sight // 2)


def homes(reach: int) -> np.ndarray:
    """The squares that are so many moves from the centre in each of the eight directions.

    Returns:
        Rows and columns, int32 `[8, 2]`; with a reach of 3 they are Ballet's homes.
    """
    return CENTRE + reach * np.array(list(MOVES.values()), np.int32)


def at_homes(reach: int, which: Int[Array, " k"]) -> tuple[Int[Array, " k"], Int[Array, " k"]]:
    """The rows and the columns of some of these squares, by direction."""
    places = jnp.asarray(homes(reach))[which]
    return places[:, 0], places[:, 1]
