"""What a prediction fits best: no other observation costs less."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from engrax.nn.senses import SENSES, EncoderSizes
from engrax.nn.symbols import binary_digits, blocks_of, grid_of, values_of
from engrax.types import ImageSpec, SymbolsSpec, TextSpec, VectorSpec

SYMBOLS = SymbolsSpec(5, 7, (4, 6))
IMAGE = ImageSpec(10, 7, 3)
CASES = {
    "digits": (SYMBOLS, EncoderSizes(whole_grid=True)),
    "digits, with margins": (SYMBOLS, EncoderSizes()),
    "softmax": (SYMBOLS, EncoderSizes(symbols="softmax")),
    "image": (IMAGE, EncoderSizes(tile=4)),
    "mosaic": (IMAGE, EncoderSizes(tile=4, image="mosaic", image_features=8, overlay=0.0)),
    "text": (TextSpec(3, ("a", "b", "c", "")), EncoderSizes()),
    "vector": (VectorSpec(5), EncoderSizes()),
}


def drawn(spec, key, count):
    """Observations at random."""
    if isinstance(spec, SymbolsSpec):
        keys = jax.random.split(key, len(spec.sizes))
        shape = (count, spec.height, spec.width)
        parts = [jax.random.randint(k, shape, 0, n) for k, n in zip(keys, spec.sizes, strict=True)]
        return jnp.stack(parts, axis=-1)
    if isinstance(spec, ImageSpec):
        return jax.random.randint(key, (count, *spec.shape), 0, 256).astype(jnp.uint8)
    if isinstance(spec, TextSpec):
        return jax.random.randint(key, (count, spec.length), 0, len(spec.vocabulary))
    return jax.random.normal(key, (count, spec.size))


@pytest.mark.parametrize("name", CASES)
def test_no_other_observation_costs_less(name):
    spec, sizes = CASES[name]
    decoder = SENSES[type(spec)].decoder(spec, 6, sizes, key=jax.random.key(0))
    prediction = decoder(3.0 * jax.random.normal(jax.random.key(1), (4, 6)))
    best = decoder.likeliest(prediction)
    others = drawn(spec, jax.random.key(2), 4 * 25).reshape(25, *best.shape)
    assert best.dtype == spec.dtype
    assert best.shape == (4, *spec.shape)
    cost = decoder.loss(prediction, best)
    for other in others:
        assert np.all(np.asarray(cost) <= np.asarray(decoder.loss(prediction, other)) + 1e-5)


@pytest.mark.parametrize("whole", [True, False])
def test_a_grid_comes_back_from_its_blocks(whole):
    grid = drawn(SYMBOLS, jax.random.key(0), 3)
    back = grid_of(blocks_of(grid, (3, 3), whole), 5, 7, (3, 3), whole)
    if whole:
        np.testing.assert_array_equal(back, grid)
    else:  # one block high and two wide, in the middle
        np.testing.assert_array_equal(back[:, 1:4, 0:6], grid[:, 1:4, 0:6])
        assert int(jnp.sum(jnp.abs(back))) == int(jnp.sum(grid[:, 1:4, 0:6]))


def test_values_come_back_from_their_digits():
    grid = drawn(SYMBOLS, jax.random.key(0), 3)
    np.testing.assert_array_equal(values_of(binary_digits(grid, (4, 6)), (4, 6)), grid)
    assert values_of(jnp.ones((1, 5)), (4, 6)).tolist() == [[3, 5]]  # 7 is no value of six
