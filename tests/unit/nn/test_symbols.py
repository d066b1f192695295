"""Grids of symbols as embeddings, as binary digits, and cut into blocks."""

import jax.numpy as jnp
import numpy as np
import pytest

from engrax.nn.symbols import binary_digits, blocks_of, embed, num_digits

SYMBOLS = np.array([[0, 3], [2, 0], [1, 4]])


@pytest.mark.parametrize("dtype", [jnp.uint8, jnp.int32])
def test_embeddings_are_looked_up_and_value_0_has_none(dtype):
    one_hot = embed(jnp.asarray(SYMBOLS, dtype), (3, 5), jnp.eye(6))
    expected = [[0, 0, 0, 0, 1, 0], [0, 1, 0, 0, 0, 0], [1, 0, 0, 0, 0, 1]]
    np.testing.assert_array_equal(one_hot, expected)


@pytest.mark.parametrize("dtype", [jnp.uint8, jnp.int32])
def test_binary_digits(dtype):
    digits = binary_digits(jnp.asarray(SYMBOLS, dtype), (3, 5))
    np.testing.assert_array_equal(digits, [[0, 0, 1, 1, 0], [0, 1, 0, 0, 0], [1, 0, 0, 0, 1]])
    assert num_digits((3, 5)) == 5


def test_features_of_more_than_256_values():
    value = 1000
    digits = np.asarray(binary_digits(jnp.asarray([[value, 1]], jnp.int32), (1001, 2)))
    assert num_digits((1001, 2)) == 11
    np.testing.assert_array_equal(digits[0, :10], [value >> place & 1 for place in range(10)])
    table = jnp.arange(1001, dtype=jnp.float32)[:, None]
    assert embed(jnp.asarray([value, 0], jnp.int32), (1001, 2), table)[0] == value - 1


def test_blocks_leave_out_equal_margins():
    grid = jnp.arange(25, dtype=jnp.uint8).reshape(5, 5, 1)
    blocks = np.asarray(blocks_of(grid, (3, 3)))[..., 0]
    np.testing.assert_array_equal(blocks, [np.arange(25).reshape(5, 5)[1:4, 1:4].ravel()])
    np.testing.assert_array_equal(np.asarray(blocks_of(grid, (5, 1)))[2, :, 0], [2, 7, 12, 17, 22])
