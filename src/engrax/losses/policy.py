"""Policy losses, per step of one trajectory, from log-probabilities."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from engrax.types import Number

LARGEST_LOG_RATIO = 20.0
"""Log-ratios are clipped to this in size: a larger one overflows, and its gradient is not finite.
"""


def clipped_surrogate(
    log_ratios: Float[Array, " t"], advantages: Float[Array, " t"], clip: Number
) -> Float[Array, " t"]:
    """-min(rho A, clip(rho, 1 - c, 1 + c) A), rho = pi / pi_behaviour.

    Source: Schulman et al. 2017, arXiv 1707.06347, equation 7.
    """
    ratios = jnp.exp(jnp.clip(log_ratios, -LARGEST_LOG_RATIO, LARGEST_LOG_RATIO))
    clipped = jnp.clip(ratios, 1.0 - clip, 1.0 + clip)
    return -jnp.minimum(ratios * advantages, clipped * advantages)


def policy_gradient(
    log_policy: Float[Array, " t"], advantages: Float[Array, " t"]
) -> Float[Array, " t"]:
    """-A log pi(a): its gradient is the policy gradient. No gradient flows into the advantages."""
    return -jax.lax.stop_gradient(advantages) * log_policy
