"""Terms of the variational bound."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from engrax.nn.distributions import DiagonalGaussian


def gaussian_divergence(posterior: DiagonalGaussian, prior: DiagonalGaussian) -> Float[Array, "*n"]:
    """KL(posterior || prior) in nats, summed over components.

    sum 1/2 (log var_p - log var_q + (var_q + (mu_q - mu_p)^2) / var_p - 1).
    """
    difference = posterior.log_variance - prior.log_variance
    distance = jnp.square(posterior.mean - prior.mean) * jnp.exp(-prior.log_variance)
    return 0.5 * jnp.sum(jnp.exp(difference) - difference + distance - 1.0, axis=-1)
