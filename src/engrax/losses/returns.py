"""Returns and advantages of one trajectory."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float


def generalised_advantages(
    rewards: Float[Array, " t"],
    discounts: Float[Array, " t"],
    values: Float[Array, " t+1"],
    void: Bool[Array, " t"],
    trace: float,
) -> Float[Array, " t"]:
    """A_t = delta_t + discount_t lambda A_{t+1}, with delta_t = r_t + discount_t V_{t+1} - V_t.

    Source: Schulman et al. 2016, arXiv 1506.02438, equation 16. Transition t leads from step t to step t+1. A void
    transition, out of a step that ended an episode, has advantage 0 and lets no trace through; the value of that
    step still bootstraps the transition into it, if that one's discount is not 0.

    Args:
        rewards: of each transition.
        discounts: of each transition, the agent's own factor included; 0 at a true end.
        values: of each step.
        void: transitions that teach nothing.
        trace: lambda, 0 to 1.
    """
    deltas = jnp.where(void, 0.0, rewards + discounts * values[1:] - values[:-1])
    carried = jnp.where(void, 0.0, trace * discounts)

    def backwards(later: Float[Array, ""], now: tuple[Float[Array, ""], Float[Array, ""]]):
        advantage = now[0] + now[1] * later
        return advantage, advantage

    return jax.lax.scan(backwards, jnp.zeros(()), (deltas, carried), reverse=True)[1]
