"""Value losses, per step of one trajectory."""

import jax.numpy as jnp
from jaxtyping import Array, Float


def squared_error(values: Float[Array, " t"], targets: Float[Array, " t"]) -> Float[Array, " t"]:
    """Half the squared distance of values from their targets."""
    return 0.5 * jnp.square(targets - values)


def masked_variance(x: Float[Array, "*n"], mask: Float[Array, "*n"]) -> Float[Array, ""]:
    """The variance over the steps whose mask is 1; 0 where there are none."""
    weights = mask / jnp.maximum(jnp.sum(mask), 1.0)
    return jnp.sum(weights * jnp.square(x - jnp.sum(weights * x)))
