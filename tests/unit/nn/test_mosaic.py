"""Pictures in tiles: cut and put together, encoded alike wherever a tile is, and told with what there is, wherever."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from engrax.nn.decoders import make_decoder
from engrax.nn.encoders import EncoderSizes, make_encoder
from engrax.nn.mosaic import picture_of, tiles_of
from engrax.types import ImageSpec

SPEC = ImageSpec(4, 6)
SIZES = EncoderSizes(image="mosaic", tile=2, image_features=5, overlay=3.0)
PICTURES = np.random.default_rng(0).integers(0, 256, (3, *SPEC.shape), np.uint8)


def test_tiles_are_squares_of_the_picture_row_by_row():
    tiles = np.asarray(tiles_of(jnp.asarray(PICTURES), 2))
    assert tiles.shape == (3, 6, 12)
    np.testing.assert_array_equal(tiles[1, 4], PICTURES[1, 2:4, 2:4].ravel())
    np.testing.assert_array_equal(picture_of(jnp.asarray(tiles), SPEC, 2), PICTURES)


def test_the_sum_over_tiles_does_not_tell_where_one_is_and_the_rest_does():
    encoder = make_encoder(SPEC, SIZES, key=jax.random.key(0))
    here, there = np.zeros((2, *SPEC.shape), np.uint8)
    here[:2, :2] = there[2:, 4:] = PICTURES[0, :2, :2]
    features, others = np.asarray(encoder(jnp.asarray(here))), np.asarray(encoder(jnp.asarray(there)))
    assert features.shape == (encoder.output_size,)
    np.testing.assert_allclose(features[-5:], others[-5:], rtol=1e-5)
    assert not np.allclose(features[:-5], others[:-5])
    assert not np.allclose(features[-5:], np.asarray(encoder(jnp.zeros(SPEC.shape, jnp.uint8)))[-5:])


def test_the_cost_is_that_of_each_tile_and_of_all_laid_on_one_another():
    decoder = make_decoder(SPEC, 7, SIZES, key=jax.random.key(0))
    h = np.asarray(jax.random.normal(jax.random.key(1), (3, 7)))
    grid, pixels, overlay = (
        (np.asarray(layer.weight, float), np.asarray(layer.bias, float))
        for layer in (decoder.to_grid, decoder.to_pixels, decoder.to_overlay)
    )
    targets = PICTURES[1] / 255.0
    brightest = np.max([targets[r : r + 2, c : c + 2] for r in (0, 2) for c in (0, 2, 4)], axis=0)
    features = np.maximum(grid[0] @ h[1] + grid[1], 0).reshape(6, 5)
    expected = 3.0 * cross_entropy(overlay[0] @ h[1] + overlay[1], brightest.ravel())
    for tile in range(6):
        row, column = divmod(tile, 3)
        there = targets[2 * row : 2 * row + 2, 2 * column : 2 * column + 2]
        expected += cross_entropy(pixels[0] @ features[tile] + pixels[1], there.ravel())
    np.testing.assert_allclose(decoder.cost(jnp.asarray(h), jnp.asarray(PICTURES))[1], expected, rtol=1e-5)


def cross_entropy(logits, targets):
    likelihood = 1 / (1 + np.exp(-logits))
    return -np.sum(targets * np.log(likelihood) + (1 - targets) * np.log(1 - likelihood))


def test_a_tile_that_does_not_fit_is_named():
    with pytest.raises(ValueError, match="tile 4 does not divide the image 4x6"):
        make_encoder(SPEC, EncoderSizes(image="mosaic", tile=4), key=jax.random.key(0))
