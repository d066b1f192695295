"""Both ways of drawing a batch of views agree."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from engrax.envs.ballet.pixels import draw_bands, paint
from engrax.envs.ballet.view import Scene, draw_symbols, view_symbols


@pytest.mark.parametrize(("fast", "plain"), [(paint, draw_bands), (view_symbols, draw_symbols)])
def test_both_ways_of_drawing_a_batch_agree(fast, plain):
    """Processors other than CPUs take the plain way."""
    key = jax.random.key(0)
    place = jax.random.randint(key, (2, 5), 1, 10, jnp.int32)
    seen = jnp.arange(15, dtype=jnp.int32).reshape(5, 3)
    scenes = Scene(*place, seen - 4, 10 - seen, seen, seen % 15)
    drawn = jax.jit(jax.vmap(fast))(scenes)
    np.testing.assert_array_equal(drawn, jax.jit(jax.vmap(plain))(scenes).reshape(drawn.shape))
