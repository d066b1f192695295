"""Advantages and V-trace against sums in float64, and by hand."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from engrax.losses.returns import discounted_sums, generalised_advantages, vtrace

from oracles import learners as oracle


@pytest.fixture(name="trajectory", scope="module")
def made_trajectory():
    """Rewards, discounts, values and void transitions of episodes, truncated and truly ended."""
    keys = jax.random.split(jax.random.key(0), 4)
    rewards, values = jax.random.normal(keys[0], (40,)), jax.random.normal(keys[1], (41,))
    void = jax.random.bernoulli(keys[2], 0.15, (40,))
    ended = jax.random.bernoulli(keys[3], 0.5, (40,)) & jnp.append(void[1:], False)
    return rewards, jnp.where(ended, 0.0, 0.97), values, void


@pytest.fixture(name="ratios", scope="module")
def made_ratios():
    return jnp.exp(jax.random.normal(jax.random.key(9), (40,)))


def in_float64(*arrays):
    return [np.asarray(array, np.float64) for array in arrays]


def test_advantages_equal_the_oracle(trajectory):
    got = generalised_advantages(*trajectory, 0.9)
    np.testing.assert_allclose(got, oracle.advantages(*in_float64(*trajectory), 0.9), atol=1e-5)


@pytest.mark.parametrize("clips", [(1.0, 1.0, 1.0), (0.9, 1.3, 0.7), (0.0, 1.0, 1.0)])
def test_v_trace_equals_the_oracle(trajectory, ratios, clips):
    """Whose advantage is the paper's: rho (r + discount v of the next step - V), for any lambda."""
    got = vtrace(*trajectory, ratios, *clips)
    returns, advantages = oracle.vtrace(*in_float64(*trajectory, ratios), *clips)
    np.testing.assert_allclose(got.returns, returns, atol=1e-5)
    np.testing.assert_allclose(got.advantages, advantages, atol=1e-5)


def mixed_vtrace(rewards, discounts, values, ratios, trace):
    """V-trace whose advantage mixes V of the next step into v by 1 - lambda, as rlax has it."""
    length, correction = len(rewards), 0.0
    targets = np.append(np.zeros(length), values[-1])
    for t in reversed(range(length)):
        rho = min(1.0, ratios[t])
        error = rho * (rewards[t] + discounts[t] * values[t + 1] - values[t])
        correction = error + discounts[t] * trace * rho * correction
        targets[t] = values[t] + correction
    mix = np.append(np.full(length - 1, trace), 1.0)  # after the last step there is only V
    ahead = mix * targets[1:] + (1 - mix) * values[1:]
    rho = np.minimum(1.0, ratios)
    return targets[:-1], rho * (rewards + discounts * ahead - values[:-1])


def test_v_trace_with_lambda_1_is_that_of_rlax_and_below_1_its_advantage_is_the_paper_s(
    trajectory, ratios
):
    rewards, discounts, values, _ = trajectory
    none_void = jnp.zeros(40, bool)
    numbers = in_float64(rewards, discounts, values, ratios)
    for trace in (1.0, 0.7):
        got = vtrace(rewards, discounts, values, none_void, ratios, trace)
        targets, mixed = mixed_vtrace(*numbers, trace)
        np.testing.assert_allclose(got.returns, targets, atol=1e-5)
        if trace == 1.0:
            np.testing.assert_allclose(got.advantages, mixed, atol=1e-5)
        else:
            following = np.append(targets[1:], numbers[2][-1])
            paper = np.minimum(1, numbers[3]) * (
                numbers[0] + numbers[1] * following - numbers[2][:-1]
            )
            np.testing.assert_allclose(got.advantages, paper, atol=1e-5)
            assert np.abs(np.asarray(got.advantages) - mixed).max() > 0.1


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


def test_a_void_transition_is_left_at_its_value():
    """Whatever its reward, discount and ratio are."""
    void, values = jnp.array([False, True, False]), jnp.array([0.5, 10.0, 0.25, 4.0])
    got = vtrace(
        jnp.array([1.0, 1e9, 2.0]), jnp.full(3, 0.9), values, void, jnp.array([1.0, 1e9, 1.0])
    )
    np.testing.assert_allclose(got.returns, [1 + 0.9 * 10, 10, 2 + 0.9 * 4], rtol=1e-6)
    assert got.advantages[1] == 0


def test_discounted_sums():
    terms, factors = jnp.array([1.0, 2.0, 3.0]), jnp.array([0.5, 0.1, 7.0])
    np.testing.assert_allclose(discounted_sums(terms, factors), [1 + 0.5 * 2.3, 2.3, 3.0])
