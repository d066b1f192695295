"""Boards of patches show what a painted array shows, whatever is painted."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from engrax.envs.grid.patches import KEEP, agent, at, join, only, patches, room, view
from engrax.testing.contract import quick_jit

from oracles.grid import Board

COUNT, HEIGHT, WIDTH = 7, 12, 9


def drawn(seed):
    """Features of patches, [7, k]; some are kept, some patches are hidden."""
    numbers = np.random.default_rng(seed)
    corners = numbers.integers(0, (HEIGHT, WIDTH), (COUNT, 2)).T
    edges = numbers.integers(0, 5, (2, COUNT))
    features = [numbers.integers(KEEP, most, COUNT) for most in (6, 20, 16)]
    return [*corners, *edges, *features]


def painted(numbers):
    board = Board(HEIGHT + 5, WIDTH + 5)
    for row, column, height, width, *features in zip(*numbers, strict=True):
        kept = [None if value == KEEP else value for value in features]
        board.paint(row, column, kept, height, width)
    return board


def as_patches(numbers):
    row, column, height, width, kind, colour, shape = numbers
    shown = height > 0
    size = {"height": height, "width": width}
    return patches(row, column, **size, kind=kind, colour=colour, shape=shape, shown=shown)


@pytest.mark.parametrize("sight", [1, 5, 11])
def test_views_and_squares(sight):
    look = quick_jit(lambda board, row, column: (view(board, row, column, sight),
                                                 jnp.stack(at(board, row, column))))  # fmt: skip
    for seed in range(20):
        numbers = drawn(seed)
        board, wanted = as_patches(numbers), painted(numbers)
        for row, column in ((0, 0), (5, 4), (11, 8)):
            seen, square = look(board, jnp.int32(row), jnp.int32(column))
            np.testing.assert_array_equal(seen, wanted.view(row, column, sight))
            np.testing.assert_array_equal(square, wanted.view(row, column, 1)[0, 0])


def test_views_side_by_side():
    boards = [as_patches(drawn(seed)) for seed in range(4)]
    whole = jax.tree.map(lambda *leaves: jnp.stack(leaves), *boards)
    places = jnp.arange(4, dtype=jnp.int32)
    seen = jax.vmap(lambda board, place: view(board, place, place, 5))(whole, places)
    for i, board in enumerate(boards):
        np.testing.assert_array_equal(seen[i], view(board, places[i], places[i], 5))


def test_a_room_and_the_agent_on_a_coloured_floor():
    floor = patches(2, 2, colour=7)
    board = join(room(1, 1, 3, 3), floor, agent(jnp.int32(2), jnp.int32(2)))
    kinds = np.asarray(view(board, jnp.int32(2), jnp.int32(2), 5))
    np.testing.assert_array_equal(
        kinds[..., 0],
        [[1, 1, 1, 1, 1], [1, 0, 0, 0, 1], [1, 0, 2, 0, 1], [1, 0, 0, 0, 1], [1, 1, 1, 1, 1]],
    )
    assert kinds[2, 2, 1] == 7


def test_a_board_is_there_only_under_its_condition():
    board, place = room(1, 1, 2, 2), (jnp.int32(1), jnp.int32(1))
    shown, hidden = (only(board, jnp.asarray(when)) for when in (True, False))
    np.testing.assert_array_equal(view(shown, *place, 5), view(board, *place, 5))
    assert not view(hidden, *place, 5).any()
