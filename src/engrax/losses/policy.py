"""Policy losses, per step of one trajectory."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from engrax.nn.distributions import softmax_cross_entropy


def log_probabilities(logits: Float[Array, "t a"], actions: Int[Array, " t"]) -> Float[Array, " t"]:
    """log pi(a_t) under softmax(logits)."""
    return -softmax_cross_entropy(logits, actions)


def clipped_surrogate(
    log_ratios: Float[Array, " t"], advantages: Float[Array, " t"], clip: float
) -> Float[Array, " t"]:
    """-min(rho A, clip(rho, 1 - c, 1 + c) A), rho = pi / pi_behaviour.

    Source: Schulman et al. 2017, arXiv 1707.06347, equation 7.
    """
    ratios = jnp.exp(log_ratios)
    clipped = jnp.clip(ratios, 1.0 - clip, 1.0 + clip)
    return -jnp.minimum(ratios * advantages, clipped * advantages)


def policy_gradient(log_policy: Float[Array, " t"], advantages: Float[Array, " t"]) -> Float[Array, " t"]:
    """-A log pi(a): its gradient is the policy gradient. Advantages are data: no gradient runs into them."""
    return -jax.lax.stop_gradient(advantages) * log_policy


def entropies(logits: Float[Array, "t a"]) -> Float[Array, " t"]:
    """-sum_a pi(a) log pi(a), in nats."""
    log_policy = jax.nn.log_softmax(logits)
    return -jnp.sum(jnp.exp(log_policy) * log_policy, axis=-1)
