"""Arrays whose shares are with several processes."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jax.experimental import multihost_utils
from jax.sharding import NamedSharding


def put_own(sharding: NamedSharding, array: Any) -> Any:
    """An array that every process has, put where its shares belong; each puts its own. One that is
    traced has no place.
    """
    if isinstance(array, Tracer):
        return array
    if is_key(array):
        words = put_own(sharding, jax.random.key_data(array))
        return jax.random.wrap_key_data(words, impl=jax.random.key_impl(array))
    numbers = np.asarray(array)
    return jax.make_array_from_callback(numbers.shape, sharding, lambda part: numbers[part])


def gathered(array: Any) -> Any:
    """An array with the shares of all processes; all must ask."""
    if is_key(array):
        words = gathered(jax.random.key_data(array))
        return jax.random.wrap_key_data(words, impl=jax.random.key_impl(array))
    return multihost_utils.process_allgather(array, tiled=True)


def is_key(array: Any) -> bool:
    """Whether an array holds random keys."""
    return jnp.issubdtype(array.dtype, jax.dtypes.prng_key)
