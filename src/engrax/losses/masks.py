"""Means and variances over the steps that count.

Masked entries are replaced before the arithmetic, so that they may be anything, NaN included.
"""

import jax.numpy as jnp
from jaxtyping import Array, Float


def masked_mean(x: Float[Array, "*n"], mask: Float[Array, "*n"]) -> Float[Array, ""]:
    """The mean over the steps whose mask is 1; 0 where there are none."""
    return jnp.sum(jnp.where(mask > 0, x, 0.0) * mask) / jnp.maximum(jnp.sum(mask), 1.0)


def masked_variance(x: Float[Array, "*n"], mask: Float[Array, "*n"]) -> Float[Array, ""]:
    """The variance over the steps whose mask is 1; 0 where there are none."""
    x = jnp.where(mask > 0, x, 0.0)
    weights = mask / jnp.maximum(jnp.sum(mask), 1.0)
    return jnp.sum(weights * jnp.square(x - jnp.sum(weights * x)))
