"""Encoders and decoders of grids of symbols, against slow loops in float64."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from engrax.nn.senses import EncoderSizes, sense_of
from engrax.nn.symbols import blocks_of
from engrax.types import SymbolsSpec

from .costs import affine, random_features, softmax_cost

SPEC = SymbolsSpec(5, 4, (3, 5), salience=(0.5, 2.0))
LARGE = SymbolsSpec(5, 4, (3, 700))
SIZES = EncoderSizes(filter_channels=4, filter_size=2)
KINDS = ["digits", "softmax"]


def grids(spec, *leading):
    return spec.draw(np.random.default_rng(1), leading)


def make_encoder(spec=SPEC, sizes=SIZES):
    return sense_of(spec).encoder(spec, sizes, key=jax.random.key(0))


def make_decoder(kind, spec=SPEC):
    return sense_of(spec).decoder(spec, 7, replace(SIZES, symbols=kind), key=jax.random.key(0))


def encoded(encoder, grid, sizes):
    """Each block's channels, then their sum; two rows and two columns of 2 x 2 blocks."""
    tables = np.split(
        np.asarray(encoder.embedding, np.float64), np.cumsum(np.array(sizes) - 1)[:-1]
    )
    rows = [np.concatenate([np.zeros((1, table.shape[1])), table]) for table in tables]
    squares = sum(table[grid[..., feature]] for feature, table in enumerate(rows))
    blocks = [squares[r : r + 2, c : c + 2].reshape(-1) for r in (0, 2) for c in (0, 2)]
    channels = np.maximum([affine(encoder.filter, block) for block in blocks], 0)
    return np.concatenate([channels.ravel(), channels.sum(axis=0)])


@pytest.mark.parametrize("spec", [SPEC, LARGE], ids=["uint8", "int32"])
def test_the_encoder_equals_the_oracle_over_leading_axes(spec):
    encoder, seen = make_encoder(spec), grids(spec, 2, 3)
    assert seen.dtype == (np.uint8 if spec is SPEC else np.int32)
    features = encoder(jnp.asarray(seen))
    assert features.shape == (2, 3, encoder.output_size)
    expected = encoded(encoder, seen[1, 2].astype(int), spec.sizes)
    np.testing.assert_allclose(features[1, 2], expected, rtol=1e-4, atol=1e-5)
    assert np.any(np.asarray(features[0, 0]) != np.asarray(features[1, 1]))


def test_attributes_start_as_small_as_the_settings_say():
    kinds, attributes = 2, 4
    plain, large = (make_encoder(sizes=s) for s in (SIZES, replace(SIZES, attribute_scale=1.0)))
    factors = np.array([1.0] * kinds + [0.1] * attributes)[:, None]
    np.testing.assert_allclose(plain.embedding, factors * large.embedding, rtol=1e-5)


def test_what_there_is_wherever_weighs_as_much_as_it_is_scaled():
    """The last features are the sum over blocks, one a channel of the filter."""
    seen = jnp.asarray(grids(SPEC, 3))
    plain, scaled = (make_encoder(sizes=s)(seen) for s in (SIZES, replace(SIZES, sum_scale=4.0)))
    expected = np.asarray(plain).copy()
    expected[:, -4:] *= 4.0
    np.testing.assert_allclose(scaled, expected, rtol=1e-6)


def terms(kind, spec, prediction, seen):
    """The cost of each digit or feature of every square."""
    prediction = np.asarray(prediction, np.float64)
    if kind == "softmax":
        split = spec.sizes[0]
        pairs = [(prediction[r, c], seen[r, c]) for r in range(5) for c in range(4)]
        first = [softmax_cost(p[:split], s[0]) for p, s in pairs]
        return first + [softmax_cost(p[split:], s[1]) for p, s in pairs]
    found, counts = [], [int(np.ceil(np.log2(size))) for size in spec.sizes]
    total = sum(counts)
    for row in range(4):  # two rows and two columns of 2 x 2 blocks; the fifth row is in no block
        for column in range(4):
            block, square = (row // 2) * 2 + column // 2, (row % 2) * 2 + column % 2
            digits = iter(prediction[block, square * total : (square + 1) * total])
            for feature, count in enumerate(counts):
                salience = spec.salience[feature] if spec.salience else 1.0
                for digit in range(count):
                    bit = (int(seen[row, column, feature]) >> digit) & 1
                    found.append(0.5 * salience * (next(digits) - bit) ** 2)
    return found


@pytest.mark.parametrize("spec", [SPEC, LARGE], ids=["uint8", "int32"])
@pytest.mark.parametrize("kind", KINDS)
def test_the_loss_and_the_cost_are_the_sum_of_all_terms(kind, spec):
    decoder, seen = make_decoder(kind, spec), grids(spec, 2, 3)
    h, prediction = random_features(decoder)
    losses = decoder.loss(jnp.asarray(prediction), jnp.asarray(seen))
    assert losses.shape == (2, 3)
    expected = np.sum(terms(kind, spec, prediction[1, 2], seen[1, 2]))
    np.testing.assert_allclose(losses[1, 2], expected, rtol=1e-4)
    expected = np.sum(terms(kind, spec, decoder(h)[1, 2], seen[1, 2]))
    np.testing.assert_allclose(decoder.cost(h, jnp.asarray(seen))[1, 2], expected, rtol=1e-4)


def test_the_softmax_decoder_gives_each_value_of_each_feature_a_logit():
    decoder, h = make_decoder("softmax"), jax.random.normal(jax.random.key(2), (2, 3, 7))
    assert decoder(h).shape == (2, 3, 5, 4, 3 + 5)
    np.testing.assert_allclose(decoder(h)[1, 2], decoder(h[1, 2]), atol=1e-5)


def test_a_whole_grid_is_covered_where_blocks_do_not_fill_it():
    """Of 7 x 7 squares blocks of 3 x 3 leave out the last row and column, unless the grid is
    padded.
    """
    grid = jnp.arange(1, 50, dtype=jnp.uint8).reshape(7, 7, 1)
    assert set(np.ravel(blocks_of(grid, (3, 3)))) == set(range(1, 50)) - set(range(7, 50, 7)) - set(
        range(43, 50)
    )
    padded = np.asarray(blocks_of(grid, (3, 3), whole=True))
    assert padded.shape == (9, 9, 1)
    assert set(padded.ravel()) == set(range(50))
    np.testing.assert_array_equal(padded[8, :, 0], [49, 0, 0, 0, 0, 0, 0, 0, 0])
