"""Scores of what must not be seen, and numbers that must not be remembered."""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

LOWEST = float(np.finfo(np.float32).min)
"""Below every score that a network gives: minus infinity, but for a softmax over nothing else."""


def masked_softmax(scores: Float[Array, "*k n"], mask: Bool[Array, "*k n"]) -> Float[Array, "*k n"]:
    """A softmax over the places whose mask is true; 0 everywhere where there are none."""
    seen = jnp.where(mask, scores, -jnp.inf)
    top = jax.lax.stop_gradient(jnp.max(seen, axis=-1, keepdims=True))
    powers = jnp.where(mask, jnp.exp(jnp.where(mask, scores - top, 0.0)), 0.0)
    return powers / jnp.maximum(jnp.sum(powers, axis=-1, keepdims=True), 1e-30)


def finite(x: Float[Array, "*n"]) -> Float[Array, "*n"]:
    """The same numbers, and zeros for those that are not finite.

    What is remembered goes through this: a weight of 0 does not mask a row that holds a NaN.
    """
    return jnp.where(jnp.isfinite(x), x, 0.0)
