"""Pictures are cut into tiles row by row, and put together again; padding fills the last ones."""

import jax.numpy as jnp
import numpy as np
import pytest

from engrax.nn.mosaic import intensities, num_tiles, padded, picture_of, tiles_of
from engrax.types import ImageSpec

PICTURES = np.random.default_rng(0).integers(0, 256, (3, 4, 6, 3), np.uint8)


def test_tiles_are_squares_of_the_picture_row_by_row():
    tiles = np.asarray(tiles_of(jnp.asarray(PICTURES), 2))
    assert tiles.shape == (3, 6, 12)
    np.testing.assert_array_equal(tiles[1, 4], PICTURES[1, 2:4, 2:4].ravel())


@pytest.mark.parametrize(("tile", "count"), [(2, 6), (1, 24), (4, 2), (3, 4), (5, 2), (9, 1)])
def test_tiles_of_any_size_cover_the_picture_and_give_it_back(tile, count):
    spec = ImageSpec(4, 6)
    tiles = tiles_of(jnp.asarray(PICTURES), tile)
    assert tiles.shape == (3, count, tile * tile * 3)
    assert num_tiles(spec, tile) == count
    np.testing.assert_array_equal(picture_of(tiles, spec, tile), PICTURES)


def test_padding_is_zeros_below_and_on_the_right():
    picture = np.asarray(padded(jnp.asarray(PICTURES[0]), 5))
    assert picture.shape == (5, 10, 3)
    np.testing.assert_array_equal(picture[:4, :6], PICTURES[0])
    assert not picture[4:].any()
    assert not picture[:, 6:].any()


def test_intensities_are_0_to_1():
    np.testing.assert_allclose(intensities(jnp.asarray([0, 51, 255], jnp.uint8)), [0, 0.2, 1])
