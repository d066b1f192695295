"""A deal is a shuffle: every number once, and all arrangements of two about equally often."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from engrax.envs.grid.deal import deal, item
from engrax.testing.contract import quick_jit

from oracles.word_learning import dealt


@pytest.mark.parametrize("bits", [2, 4, 6, 8])
def test_every_number_comes_once(bits):
    places = jnp.arange(2**bits)
    whole = quick_jit(lambda key: jax.vmap(lambda i: item(deal(key, bits), i, bits))(places))
    for seed in range(20):
        found = np.asarray(whole(jax.random.key(seed)))
        assert sorted(found) == list(range(2**bits))
        wanted = [dealt(deal(jax.random.key(seed), bits), i, bits) for i in range(2**bits)]
        np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize("bits", [6, 8])
def test_pairs_are_uniform(bits):
    """Chi squared over the pairs of the first two numbers, a degree of freedom: about 1."""
    draws, size = 60_000, 2**bits
    keys = jax.random.split(jax.random.key(0), draws)
    first = jax.jit(jax.vmap(lambda key: jnp.stack([item(deal(key, bits), jnp.int32(i), bits)
                                                    for i in (0, 1)])))(keys)  # fmt: skip
    cells = np.bincount(np.asarray(first) @ np.array([size, 1]), minlength=size * size)
    possible = cells.reshape(size, size)[~np.eye(size, dtype=bool)]
    expected = draws / possible.size
    assert 0.9 < ((possible - expected) ** 2 / expected).sum() / possible.size < 1.3
