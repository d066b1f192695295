"""Encoders and decoders of images of any size, against NumPy in float64."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from engrax.nn.senses import EncoderSizes, sense_of
from engrax.nn.senses.image import ImageDecoder, ImageEncoder, MosaicDecoder
from engrax.testing.contract import quick_jit
from engrax.types import ImageSpec

from .costs import affine, random_features, sigmoid_costs

SIZES = EncoderSizes(tile=3, image_features=6)
MOSAIC = EncoderSizes(image="mosaic", tile=2, image_features=5, overlay=3.0)


def pictures(spec, *leading):
    return np.random.default_rng(1).integers(0, 256, (*leading, *spec.shape), np.uint8)


def make_encoder(spec, sizes=SIZES):
    return quick_jit(lambda key: sense_of(spec).encoder(spec, sizes, key=key))(jax.random.key(0))


def make_decoder(spec, sizes=SIZES):
    return quick_jit(lambda key: sense_of(spec).decoder(spec, 7, sizes, key=key))(jax.random.key(0))


def padded(image, tile):
    """Zeros below and on the right, up to whole tiles."""
    (height, width), rest = image.shape[:2], (0, 0)
    return np.pad(image, ((0, -height % tile), (0, -width % tile), rest))


def encoded(encoder, image, tile):
    """One kernel a tile, two layers of 3x3 over the grid of tiles, and a linear layer."""
    first, *others = encoder.network.layers
    x, kernel = padded(image / 255, tile), np.asarray(first.kernel, np.float64)
    rows, columns = x.shape[0] // tile, x.shape[1] // tile
    grid = np.stack([
        np.stack([
            np.einsum("ijc,ijco->o", x[r * tile :, c * tile :][:tile, :tile], kernel)
            for c in range(columns)
        ])
        for r in range(rows)
    ])  # fmt: skip
    grid = np.maximum(grid + np.asarray(first.bias), 0)
    for layer in others:
        kernel, around = (
            np.asarray(layer.kernel, np.float64),
            np.pad(grid, ((1, 1), (1, 1), (0, 0))),
        )
        moved = [
            around[i : i + rows, j : j + columns] @ kernel[i, j] for i in range(3) for j in range(3)
        ]
        grid = np.maximum(sum(moved) + np.asarray(layer.bias), 0)
    return np.maximum(affine(encoder.head, grid.ravel()), 0)


ANY_SIZE = [((6, 9), 3), ((8, 8), 9), ((7, 5), 9), ((7, 5), 3), ((20, 19), 9)]


@pytest.mark.parametrize(("size", "tile"), ANY_SIZE)
def test_the_tile_encoder_equals_the_oracle_for_images_of_any_size(size, tile):
    spec = ImageSpec(*size)
    encoder, seen = make_encoder(spec, EncoderSizes(tile=tile, image_features=6)), pictures(spec, 2)
    assert isinstance(encoder, ImageEncoder)
    expected = [encoded(encoder, image, tile) for image in seen]
    np.testing.assert_allclose(encoder(jnp.asarray(seen)), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("sizes", [SIZES, MOSAIC], ids=lambda sizes: sizes.image)
def test_leading_axes_do_not_mix(sizes):
    spec = ImageSpec(6, 9)
    encoder, seen = make_encoder(spec, sizes), jnp.asarray(pictures(spec, 2, 3))
    features = encoder(seen)
    assert features.shape == (2, 3, encoder.output_size)
    np.testing.assert_allclose(features[1, 2], encoder(seen[1, 2]), atol=1e-5)
    assert np.any(np.asarray(features[0, 0]) != np.asarray(features[1, 1]))


@pytest.mark.parametrize(("size", "tile"), ANY_SIZE)
def test_the_decoder_costs_each_pixel_once(size, tile):
    """The mean is over the picture's pixels, without the padding; the cost is a sum."""
    spec = ImageSpec(*size)
    decoder, seen = make_decoder(spec, EncoderSizes(tile=tile)), pictures(spec, 2, 3)
    assert isinstance(decoder, ImageDecoder)
    h, prediction = random_features(decoder)
    assert prediction.shape == seen.shape
    costs = sigmoid_costs(prediction[1, 2], seen[1, 2] / 255)
    got = decoder.loss(jnp.asarray(prediction), jnp.asarray(seen))
    np.testing.assert_allclose(got[1, 2], costs.mean(), rtol=1e-4)
    whole = sigmoid_costs(decoder(h)[1, 2], seen[1, 2] / 255).sum()
    np.testing.assert_allclose(decoder.cost(h, jnp.asarray(seen))[1, 2], whole, rtol=1e-4)


def test_the_decoder_predicts_each_tile_from_its_own_features():
    spec = ImageSpec(7, 5)  # 3 x 2 tiles of 3
    decoder, h = (
        make_decoder(spec),
        jnp.asarray(np.random.default_rng(3).normal(size=7), jnp.float32),
    )
    features = np.maximum(affine(decoder.to_grid, h), 0).reshape(6, 16)
    expected = np.zeros((9, 6, 3))
    for tile in range(6):
        row, column = divmod(tile, 2)
        there = affine(decoder.to_pixels, features[tile]).reshape(3, 3, 3)
        expected[3 * row : 3 * row + 3, 3 * column : 3 * column + 3] = there
    np.testing.assert_allclose(decoder(h), expected[:7, :5], rtol=1e-5, atol=1e-5)


def test_padding_does_not_change_what_is_decoded_inside():
    """A decoder of a larger picture of as many tiles has the same parameters."""
    part, whole = make_decoder(ImageSpec(7, 5)), make_decoder(ImageSpec(9, 6))
    h = jnp.asarray(np.random.default_rng(3).standard_normal((4, 7)), jnp.float32)
    np.testing.assert_array_equal(part(h), whole(h)[:, :7, :5])


@pytest.mark.slow
@pytest.mark.parametrize("image", ["tile", "mosaic", "resnet"])
@pytest.mark.parametrize("size", [(84, 84), (8, 8), (7, 5)])
def test_images_of_any_size_are_encoded_and_decoded(image, size):
    spec, sizes = ImageSpec(*size), EncoderSizes(image=image, image_features=6)
    seen = jnp.asarray(pictures(spec, 2))
    encoder, decoder = make_encoder(spec, sizes), make_decoder(spec, sizes)
    assert encoder(seen).shape == (2, encoder.output_size)
    costs = decoder.cost(jnp.ones((2, 7)), seen)
    assert np.isfinite(costs).all()
    assert np.all(np.asarray(costs) > 0)


def test_the_sum_over_tiles_does_not_say_where_a_tile_is_and_the_rest_does():
    spec, picture = ImageSpec(4, 6), pictures(ImageSpec(4, 6))
    encoder = make_encoder(spec, MOSAIC)
    here, there = np.zeros((2, *spec.shape), np.uint8)
    here[:2, :2] = there[2:, 4:] = picture[:2, :2]
    features, others = (
        np.asarray(encoder(jnp.asarray(here))),
        np.asarray(encoder(jnp.asarray(there))),
    )
    assert features.shape == (encoder.output_size,)
    np.testing.assert_allclose(features[-5:], others[-5:], rtol=1e-5)
    assert not np.allclose(features[:-5], others[:-5])
    empty = np.asarray(encoder(jnp.zeros(spec.shape, jnp.uint8)))
    assert not np.allclose(features[-5:], empty[-5:])


def test_the_mosaic_s_cost_is_that_of_each_tile_and_of_all_laid_on_one_another():
    spec, seen = ImageSpec(4, 6), pictures(ImageSpec(4, 6), 3)
    decoder = make_decoder(spec, MOSAIC)
    assert isinstance(decoder, MosaicDecoder)
    h, targets = random_features(decoder, shape=(3,))[0], seen[1] / 255.0
    brightest = np.max([targets[r : r + 2, c : c + 2] for r in (0, 2) for c in (0, 2, 4)], axis=0)
    features = np.maximum(affine(decoder.to_grid, h[1]), 0).reshape(6, 5)
    expected = 3.0 * sigmoid_costs(affine(decoder.to_overlay, h[1]), brightest.ravel()).sum()
    for tile in range(6):
        row, column = divmod(tile, 3)
        there = targets[2 * row : 2 * row + 2, 2 * column : 2 * column + 2]
        logits = affine(decoder.to_pixels, features[tile])
        expected += sigmoid_costs(logits, there.ravel()).sum()
    np.testing.assert_allclose(decoder.cost(h, jnp.asarray(seen))[1], expected, rtol=1e-5)
