"""Value losses, per step of one trajectory."""

import jax.numpy as jnp
from jaxtyping import Array, Float


def squared_error(values: Float[Array, " t"], targets: Float[Array, " t"]) -> Float[Array, " t"]:
    """Half the squared distance of values from their targets."""
    return 0.5 * jnp.square(targets - values)


def explained_variance(values: Float[Array, "..."], targets: Float[Array, "..."], mask: Float[Array, "..."]):
    """1 - Var[target - value] / Var[target] over the masked steps: 1 is perfect, 0 as good as a constant."""
    weights = mask / jnp.maximum(jnp.sum(mask), 1.0)

    def variance(x):
        return jnp.sum(weights * jnp.square(x - jnp.sum(weights * x)))

    return 1.0 - variance(targets - values) / jnp.maximum(variance(targets), 1e-8)
