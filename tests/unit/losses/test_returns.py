"""Advantages against sums of temporal-difference errors, and by hand."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from engrax.losses.returns import generalised_advantages, vtrace

from oracles import learners as oracle


@pytest.fixture(name="trajectory")
def made_trajectory():
    """Rewards, discounts, values and void transitions of some episodes, cut off and truly ended ones."""
    keys = jax.random.split(jax.random.key(0), 4)
    rewards, values = jax.random.normal(keys[0], (40,)), jax.random.normal(keys[1], (41,))
    void = jax.random.bernoulli(keys[2], 0.15, (40,))
    ended = jax.random.bernoulli(keys[3], 0.5, (40,)) & jnp.append(void[1:], False)
    return rewards, jnp.where(ended, 0.0, 0.97), values, void


def test_advantages_equal_the_oracle(trajectory):
    got = generalised_advantages(*trajectory, 0.9)
    numbers = (np.asarray(x, np.float64) for x in trajectory)
    np.testing.assert_allclose(got, oracle.advantages(*numbers, 0.9), atol=1e-5)


@pytest.mark.parametrize("clips", [(1.0, 1.0, 1.0), (0.9, 1.3, 0.7)])
def test_v_trace_equals_the_oracle(trajectory, clips):
    ratios = jnp.exp(jax.random.normal(jax.random.key(9), (40,)))
    got = vtrace(*trajectory, ratios, *clips)
    numbers = (np.asarray(x, np.float64) for x in (*trajectory, ratios))
    returns, advantages = oracle.vtrace(*numbers, *clips)
    np.testing.assert_allclose(got.returns, returns, atol=1e-5)
    np.testing.assert_allclose(got.advantages, advantages, atol=1e-5)


def test_v_trace_on_policy_is_the_advantage_estimate_plus_the_value(trajectory):
    """With ratios of 1 its targets are those of lambda-returns with the same lambda."""
    got = vtrace(*trajectory, jnp.ones(40), trace=0.8)
    want = generalised_advantages(*trajectory, 0.8) + trajectory[2][:-1]
    np.testing.assert_allclose(got.returns, want, atol=1e-5)


def test_a_truncation_bootstraps_and_an_end_does_not():
    """Steps: 0, 1 (last), 2 (first), 3. The transition out of step 1 is void."""
    rewards, values = jnp.array([1.0, 9.0, 2.0]), jnp.array([0.5, 10.0, 0.25, 4.0])
    void = jnp.array([False, True, False])
    truncated = generalised_advantages(rewards, jnp.array([0.9, 0.9, 0.9]), values, void, 1.0)
    np.testing.assert_allclose(truncated, [1 + 0.9 * 10 - 0.5, 0, 2 + 0.9 * 4 - 0.25], rtol=1e-6)
    ended = generalised_advantages(rewards, jnp.array([0.0, 0.9, 0.9]), values, void, 1.0)
    np.testing.assert_allclose(ended, [1 - 0.5, 0, 2 + 0.9 * 4 - 0.25], rtol=1e-6)
