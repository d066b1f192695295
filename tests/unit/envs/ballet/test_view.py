"""Both ways of drawing a batch of views agree."""

import jax
import jax.numpy as jnp
import numpy as np

from engrax.envs.ballet.pixels import draw_bands, paint
from engrax.envs.ballet.view import Scene


def test_both_ways_of_drawing_a_batch_agree():
    """Processors other than CPUs take the plain way."""
    key = jax.random.key(0)
    place = jax.random.randint(key, (2, 5), 1, 10, jnp.int32)
    seen = jnp.arange(15, dtype=jnp.int32).reshape(5, 3)
    scenes = Scene(*place, seen - 4, 10 - seen, seen, seen % 15)
    drawn = jax.jit(jax.vmap(paint))(scenes)
    np.testing.assert_array_equal(drawn, jax.jit(jax.vmap(draw_bands))(scenes).reshape(drawn.shape))
