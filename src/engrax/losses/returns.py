"""Returns and advantages of one trajectory."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from engrax.types import Number


def generalised_advantages(
    rewards: Float[Array, " t"],
    discounts: Float[Array, " t"],
    values: Float[Array, " t+1"],
    void: Bool[Array, " t"],
    trace: Number,
) -> Float[Array, " t"]:
    """A_t = delta_t + discount_t lambda A_{t+1}, with delta_t = r_t + discount_t V_{t+1} - V_t.

    Source: Schulman et al. 2016, arXiv 1506.02438, equation 16. Transition t leads from step t to
    step t+1. A void transition, out of a step that ended an episode, has advantage 0 and cuts the
    trace; the value of that step still bootstraps the transition into it, if that one's discount is
    not 0.

    Args:
        rewards: of each transition.
        discounts: of each transition, the agent's own factor included; 0 at a true end.
        values: of each step.
        void: transitions out of a `last` step.
        trace: lambda, 0 to 1.
    """
    deltas = jnp.where(void, 0.0, rewards + discounts * values[1:] - values[:-1])
    return discounted_sums(deltas, jnp.where(void, 0.0, trace * discounts))


class VTrace(NamedTuple):
    """Targets for the values, and advantages for the policy gradient, [t] each."""

    returns: Float[Array, "*t"]
    advantages: Float[Array, "*t"]


def vtrace(
    rewards: Float[Array, " t"],
    discounts: Float[Array, " t"],
    values: Float[Array, " t+1"],
    void: Bool[Array, " t"],
    ratios: Float[Array, " t"],
    trace: Number = 1.0,
    value_clip: Number = 1.0,
    trace_clip: Number = 1.0,
) -> VTrace:
    """v_t = V_t + delta_t + discount_t c_t (v_{t+1} - V_{t+1}), delta_t = rho_t (r_t + discount_t
    V_{t+1} - V_t).

    With rho_t = min(value_clip, ratio_t) and c_t = trace * min(trace_clip, ratio_t); the advantage
    of the policy gradient is rho_t (r_t + discount_t v_{t+1} - V_t). Source: Espeholt et al. 2018,
    arXiv 1802.01561, sections 4.1 and 4.2, remark 2. A void transition, out of a step that ended an
    episode, has return V_t and advantage 0 and lets no trace through. The last step's value is its
    own target. With a trace below 1 the advantage still uses v_{t+1} as in section 4.2; rlax mixes
    V_{t+1} into it by 1 - lambda. Both are the same at lambda = 1.

    Args:
        rewards: of each transition.
        discounts: of each transition, the agent's own factor included; 0 at a true end.
        values: of each step, under the policy that learns.
        void: transitions out of a `last` step.
        ratios: pi(a_t) / mu(a_t), of the policy that learns to the one that acted.
        trace: lambda, 0 to 1.
        value_clip: rho-bar.
        trace_clip: c-bar.
    """
    rho = jnp.where(void, 0.0, jnp.minimum(value_clip, ratios))
    carried = jnp.where(void, 0.0, trace * jnp.minimum(trace_clip, ratios) * discounts)
    deltas = rho * (rewards + discounts * values[1:] - values[:-1])
    returns = values[:-1] + discounted_sums(deltas, carried)
    following = jnp.concatenate([returns[1:], values[-1:]])
    return VTrace(returns, rho * (rewards + discounts * following - values[:-1]))


def discounted_sums(terms: Float[Array, " t"], factors: Float[Array, " t"]) -> Float[Array, " t"]:
    """S_t = term_t + factor_t S_{t+1}, from the end, where S is 0."""

    def backwards(later: Float[Array, ""], now: tuple[Float[Array, ""], Float[Array, ""]]):
        total = now[0] + now[1] * later
        return total, total

    return jax.lax.scan(backwards, jnp.zeros((), terms.dtype), (terms, factors), reverse=True)[1]
