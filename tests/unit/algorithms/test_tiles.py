"""Streams in equal parts, and together again."""

import jax.numpy as jnp
import numpy as np
import pytest

from engrax.algorithms.tiles import cut, joined, number_of_tiles


@pytest.mark.parametrize(("tile", "tiles"), [(None, 1), (3, 4), (6, 2), (12, 1), (100, 1)])
def test_so_many_tiles_hold_all_streams(tile, tiles):
    assert number_of_tiles(12, tile) == tiles


def test_parts_are_neighbours_and_join_to_what_they_were_cut_from():
    tree = {"x": jnp.arange(24).reshape(12, 2), "empty": jnp.zeros((12, 0))}
    parts = cut(tree, 4)
    np.testing.assert_array_equal(parts["x"][1], tree["x"][3:6])
    assert parts["empty"].shape == (4, 3, 0)
    again = joined(parts)
    np.testing.assert_array_equal(again["x"], tree["x"])
    assert again["empty"].shape == (12, 0)
