"""Distributions that networks parametrise, and negative log-likelihoods, over any leading axes."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Integer


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
    """The distribution from one vector of means followed by log-variances."""
    return DiagonalGaussian(*jnp.split(parameters, 2, axis=-1))


def sigmoid_cross_entropy(
    logits: Float[Array, "*n"], targets: Float[Array, "*n"]
) -> Float[Array, "*n"]:
    """-t log sigmoid(l) - (1 - t) log sigmoid(-l), element by element, for targets in [0, 1]."""
    return jnp.maximum(logits, 0.0) - logits * targets + jnp.log1p(jnp.exp(-jnp.abs(logits)))


def softmax_cross_entropy(
    logits: Float[Array, "*n v"], targets: Integer[Array, "*n"]
) -> Float[Array, "*n"]:
    """-log softmax(l)[t], for targets 0..v-1."""
    chosen = jax.nn.one_hot(targets, logits.shape[-1], dtype=logits.dtype)
    return -jnp.sum(chosen * jax.nn.log_softmax(logits), axis=-1)
