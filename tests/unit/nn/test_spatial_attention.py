"""Attention over the parts of a view, against a slow loop in float64."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from engrax.nn.senses import EncoderSizes, make_parts
from engrax.nn.spatial_attention import SpatialAttention
from engrax.types import ImageSpec, SymbolsSpec, VectorSpec

SQUARES, PICTURE = SymbolsSpec(3, 4, (3, 5)), ImageSpec(5, 6)
SIZES = EncoderSizes(part_features=6, tile=3)
SPECS = {"symbols": SQUARES, "image": PICTURE}


def made(name, heads=2):
    key = jax.random.key(0)
    (parts,) = make_parts({name: SPECS[name], "vector": VectorSpec(2)}, SIZES, key=key).values()
    return SpatialAttention(parts, 7, heads, key=jax.random.key(1))


def features_of(attention, name, seen):
    """One vector a part: sums of embeddings, or a linear map of a tile's pixels and ReLU."""
    parts = attention.parts
    if name == "symbols":
        table = np.asarray(parts.embedding, np.float64)
        kinds, attributes = (np.vstack([np.zeros(6), rows]) for rows in (table[:2], table[2:]))
        return np.array([kinds[kind] + attributes[other] for kind, other in seen.reshape(-1, 2)])
    padded = np.zeros((6, 6, 3))
    padded[:5] = seen / 255
    tiles = [padded[r : r + 3, c : c + 3].ravel() for r in (0, 3) for c in (0, 3)]
    weight, bias = (np.asarray(x, np.float64) for x in (parts.layer.weight, parts.layer.bias))
    return np.maximum(np.array(tiles) @ weight.T + bias, 0)


def read(attention, h, features):
    """Head by head: what the parts are whose features match the query, and where they are."""
    weight, bias = (
        np.asarray(x, np.float64) for x in (attention.query.weight, attention.query.bias)
    )
    positions, outputs = np.asarray(attention.positions, np.float64), []
    for query in (weight @ h + bias).reshape(attention.num_heads, -1):
        weights = np.exp([query @ part / np.sqrt(len(query)) for part in features])
        weights /= weights.sum()
        outputs.append((weights @ features, weights @ positions))
    return np.concatenate([what for what, _ in outputs] + [where for _, where in outputs])


@pytest.mark.parametrize("name", SPECS)
def test_it_equals_the_oracle_over_leading_axes(name):
    rng, attention = np.random.default_rng(0), made(name)
    h = rng.normal(size=(2, 3, 7)).astype(np.float32)
    seen = SPECS[name].draw(rng, (2, 3))
    output = attention(jnp.asarray(h), jnp.asarray(seen))
    assert output.shape == (2, 3, attention.output_size)
    for where in np.ndindex(2, 3):
        features = features_of(attention, name, seen[where].astype(int))
        assert len(features) == attention.parts.number
        expected = read(attention, h[where], features)
        np.testing.assert_allclose(output[where], expected, rtol=1e-4, atol=1e-5)


def test_the_weights_follow_what_is_looked_for_wherever_it_is():
    """An object is attended to with the same weight at any square."""
    attention, h = made("symbols"), jnp.ones(7)
    weights = []
    for row, column in ((0, 0), (2, 1)):
        seen = jnp.zeros((3, 4, 2), jnp.uint8).at[row, column].set(jnp.array([2, 3], jnp.uint8))
        matched = attention.weights(h, attention.parts(seen))
        weights.append(matched.reshape(2, 3, 4)[:, row, column])
        np.testing.assert_allclose(jnp.sum(matched, axis=-1), 1, rtol=1e-5)
    np.testing.assert_allclose(*weights, rtol=1e-5)
    assert not np.allclose(weights[0], 1 / 12)
