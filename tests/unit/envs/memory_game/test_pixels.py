"""Both ways of drawing a batch of tables agree."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from engrax.envs.memory_game.pixels import Table, paint_bands, painter


@pytest.mark.parametrize(("grid", "scale"), [((2, 3), 1), ((4, 4), 2)])
def test_both_ways_of_drawing_a_batch_agree(grid, scale):
    """Processors other than CPUs take the plain way."""
    count, cards = 7, grid[0] * grid[1]
    numbers = np.random.default_rng(0)
    gone = jnp.asarray(numbers.random((count, cards)) < 0.4)
    flipped = jnp.asarray(numbers.integers(-1, cards, count), jnp.int32)
    tables = Table(gone, flipped, jnp.asarray(numbers.integers(1024, size=count), jnp.int32))
    fast = jax.jit(jax.vmap(painter(grid, scale)))(tables)
    plain = jax.jit(jax.vmap(lambda table: paint_bands(grid, scale, table)))(tables)
    np.testing.assert_array_equal(fast, plain.reshape(fast.shape))
