"""Distributions that networks put out, over any leading axes."""

from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float


class DiagonalGaussian(NamedTuple):
    """A normal distribution with independent components.

    Attributes:
        mean: of each component.
        log_variance: of each component.
    """

    mean: Float[Array, "*n z"]
    log_variance: Float[Array, "*n z"]

    def sample(self, noise: Float[Array, "*n z"]) -> Float[Array, "*n z"]:
        """mean + deviation * noise: differentiable in the parameters, for standard normal noise."""
        return self.mean + jnp.exp(0.5 * self.log_variance) * noise


def gaussian(parameters: Float[Array, "*n p"]) -> DiagonalGaussian:
    """The distribution whose means, then log-variances, are in one vector."""
    return DiagonalGaussian(*jnp.split(parameters, 2, axis=-1))
