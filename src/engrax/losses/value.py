"""Value losses, per step of one trajectory."""

import jax.numpy as jnp
from jaxtyping import Array, Float


def squared_error(values: Float[Array, " t"], targets: Float[Array, " t"]) -> Float[Array, " t"]:
    """Half the squared distance of values from their targets."""
    return 0.5 * jnp.square(targets - values)
