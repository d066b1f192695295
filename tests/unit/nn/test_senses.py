"""Encoders and decoders: shapes over any leading axes, and losses and costs against slow loops."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from engrax.nn.decoders import make_decoder
from engrax.nn.encoders import EncoderSizes, make_encoder
from engrax.nn.symbols import binary_digits, blocks_of, embed, num_digits
from engrax.testing import random_observations
from engrax.types import ImageSpec, SymbolsSpec, TextSpec, VectorSpec

SIZES = EncoderSizes(tile=3, image_features=6, filter_channels=4, text_embedding=4, vector_features=4, filter_size=2)
SPECS = {
    "image": ImageSpec(6, 9),
    "symbols": SymbolsSpec(5, 4, (3, 5), salience=(0.5, 2.0)),
    "text": TextSpec(3, tuple("abcde")),
    "vector": VectorSpec(4),
}
DECODERS = (*SPECS, "softmax")


def observations(name, shape):
    return random_observations({name: SPECS[name]}, jax.random.key(1), shape)[name]


@pytest.mark.parametrize("name", SPECS)
def test_encoders_work_over_any_leading_axes(name):
    encoder = make_encoder(SPECS[name], SIZES, key=jax.random.key(0))
    seen = observations(name, (2, 3))
    features = encoder(seen)
    assert features.shape == (2, 3, encoder.output_size)
    np.testing.assert_allclose(features[1, 2], encoder(seen[1, 2]), atol=1e-5)
    assert np.any(np.asarray(features[0, 0]) != np.asarray(features[1, 1]))


@pytest.mark.parametrize(("name", "scaled"), [("text", slice(0, None)), ("symbols", slice(-4, None))])
def test_a_sentence_and_what_there_is_weigh_as_much_as_they_are_scaled(name, scaled):
    """Of symbols the last features are the sum over blocks, one a channel of the filter."""
    plain, scaling = (
        make_encoder(SPECS[name], sizes, key=jax.random.key(0))(observations(name, (3,)))
        for sizes in (SIZES, replace(SIZES, text_scale=4.0, sum_scale=4.0))
    )
    expected = np.asarray(plain).copy()
    expected[:, scaled] *= 4.0
    np.testing.assert_allclose(scaling, expected, rtol=1e-6)


@pytest.mark.slow
def test_the_resnet_encodes_images_too():
    encoder = make_encoder(ImageSpec(16, 12), EncoderSizes(image="resnet", image_features=6), key=jax.random.key(0))
    assert encoder(jnp.zeros((2, 16, 12, 3), jnp.uint8)).shape == (2, 6)


def sigmoid_cost(logits, targets):
    probability = 1 / (1 + np.exp(-logits))
    return -(targets * np.log(probability) + (1 - targets) * np.log(1 - probability))


def softmax_cost(logits, value):
    return np.log(np.exp(logits).sum()) - logits[value]


def oracle_terms(name, prediction, seen):
    """All that makes up the cost of one observation: pixels, tokens, components, or digits or features of squares."""
    prediction, seen = np.asarray(prediction, np.float64), np.asarray(seen)
    if name == "image":
        return sigmoid_cost(prediction, seen / 255.0)
    if name == "vector":
        return 0.5 * np.square(prediction - seen)
    if name == "text":
        return [softmax_cost(logits, token) for logits, token in zip(prediction, seen, strict=True)]
    if name == "softmax":
        squares = [(prediction[row, column], seen[row, column]) for row in range(5) for column in range(4)]
        return [softmax_cost(p[:3], s[0]) for p, s in squares] + [softmax_cost(p[3:], s[1]) for p, s in squares]
    terms, spec = [], SPECS["symbols"]
    for row in range(4):  # two rows and two columns of 2 x 2 blocks; the fifth row is in no block
        for column in range(4):
            block, square = (row // 2) * 2 + column // 2, (row % 2) * 2 + column % 2
            digits = iter(prediction[block, square * 5 : (square + 1) * 5])
            for feature, count in enumerate((2, 3)):
                for digit in range(count):
                    bit = (int(seen[row, column, feature]) >> digit) & 1
                    terms.append(0.5 * spec.salience[feature] * (next(digits) - bit) ** 2)
    return terms


def make_case(name):
    """A decoder (`softmax` is the other one of symbols), what was seen, and what it is decoded from."""
    kind = "symbols" if name == "softmax" else name
    sizes = replace(SIZES, symbols="softmax" if name == "softmax" else "digits")
    decoder = make_decoder(SPECS[kind], 7, sizes, key=jax.random.key(0))
    return decoder, observations(kind, (2, 3)), jax.random.normal(jax.random.key(2), (2, 3, 7))


@pytest.mark.parametrize("name", DECODERS)
def test_decoders_cost_what_the_oracle_says(name):
    decoder, seen, h = make_case(name)
    prediction = decoder(h)
    prediction = prediction + jax.random.normal(jax.random.key(3), prediction.shape)
    losses = decoder.loss(prediction, seen)
    assert losses.shape == (2, 3)
    combine = np.mean if name in ("image", "text", "vector") else np.sum
    np.testing.assert_allclose(losses[1, 2], combine(oracle_terms(name, prediction[1, 2], seen[1, 2])), rtol=1e-4)


@pytest.mark.parametrize("name", DECODERS)
def test_the_cost_is_a_sum_whatever_the_loss_is(name):
    """As a bound in nats needs it: a mean over pixels against a summed divergence collapses the posterior."""
    decoder, seen, h = make_case(name)
    costs, prediction = decoder.cost(h, seen), decoder(h)
    assert costs.shape == (2, 3)
    np.testing.assert_allclose(costs[1, 2], np.sum(oracle_terms(name, prediction[1, 2], seen[1, 2])), rtol=1e-4)


def test_the_softmax_decoder_gives_each_value_of_each_feature_a_logit():
    decoder, _, h = make_case("softmax")
    assert decoder(h).shape == (2, 3, 5, 4, 3 + 5)
    np.testing.assert_allclose(decoder(h)[1, 2], decoder(h[1, 2]), atol=1e-5)


def test_symbols_as_numbers():
    symbols = jnp.array([[0, 3], [2, 0], [1, 4]], jnp.uint8)
    one_hot = embed(symbols, (3, 5), jnp.eye(6))
    np.testing.assert_array_equal(one_hot, [[0, 0, 0, 0, 1, 0], [0, 1, 0, 0, 0, 0], [1, 0, 0, 0, 0, 1]])
    np.testing.assert_array_equal(binary_digits(symbols, (3, 5)), [[0, 0, 1, 1, 0], [0, 1, 0, 0, 0], [1, 0, 0, 0, 1]])
    assert num_digits((3, 5)) == 5


def test_blocks_leave_out_equal_margins():
    grid = jnp.arange(25, dtype=jnp.uint8).reshape(5, 5, 1)
    blocks = np.asarray(blocks_of(grid, (3, 3)))[..., 0]
    np.testing.assert_array_equal(blocks, [np.arange(25).reshape(5, 5)[1:4, 1:4].ravel()])
    np.testing.assert_array_equal(np.asarray(blocks_of(grid, (5, 1)))[2, :, 0], [2, 7, 12, 17, 22])


@pytest.mark.parametrize("make", [make_encoder, lambda spec, sizes, key: make_decoder(spec, 4, sizes, key=key)])
def test_a_tile_that_does_not_divide_the_image_is_named(make):
    with pytest.raises(ValueError, match="tile 3 does not divide the image 6x10"):
        make(ImageSpec(6, 10), SIZES, key=jax.random.key(0))
