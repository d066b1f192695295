"""Moves are refused by walls and shut doors, and homes are so many moves from the centre."""

import itertools

import jax.numpy as jnp
import numpy as np
import pytest

from engrax.envs.ballet.tables import HOMES
from engrax.envs.grid.patches import join, patches, room
from engrax.envs.grid.tables import BOX, DOOR, MOVES, OBJECT
from engrax.envs.grid.walk import homes, touching, walk
from engrax.testing.contract import quick_jit


@pytest.mark.parametrize(("kind", "free"), [(DOOR, False), (BOX, True), (OBJECT, True)])
def test_what_blocks_a_move(kind, free):
    board = join(room(1, 1, 3, 3), patches(2, 3, kind=kind))
    step = quick_jit(lambda row, column, action: walk(board, row, column, action))
    for row, column, action in itertools.product((1, 2, 3), (1, 2, 3), range(8)):
        down, along = list(MOVES.values())[action]
        ahead = (row + down, column + along)
        blocked = not (1 <= ahead[0] <= 3 and 1 <= ahead[1] <= 3) or (ahead == (2, 3) and not free)
        got = step(*map(jnp.int32, (row, column, action)))
        assert tuple(map(int, got)) == ((row, column) if blocked else ahead)


def test_homes():
    assert {tuple(home) for home in homes(3).tolist()} == set(HOMES)
    for reach in (1, 2, 4):
        assert (np.abs(homes(reach) - 5).max(axis=1) == reach).all()


def test_touching():
    rows, columns = jnp.array([1, 2, 3], jnp.int32), jnp.array([1, 2, 1], jnp.int32)
    assert touching(jnp.int32(3), jnp.int32(1), rows, columns).tolist() == [False, False, True]
