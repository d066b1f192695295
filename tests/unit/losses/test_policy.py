"""Policy losses against their equations in float64, and at log-ratios that would overflow."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from engrax.losses.masks import masked_mean
from engrax.losses.policy import LARGEST_LOG_RATIO, clipped_surrogate, policy_gradient


def test_the_clipped_surrogate_equals_its_equation():
    numbers = np.random.default_rng(0)
    log_ratios, advantages = numbers.normal(0, 0.5, 50), numbers.normal(0, 1, 50)
    ratios = np.exp(log_ratios)
    expected = [
        -min(ratio * a, min(max(ratio, 0.8), 1.2) * a)
        for ratio, a in zip(ratios, advantages, strict=True)
    ]
    given = (jnp.asarray(part, jnp.float32) for part in (log_ratios, advantages))
    np.testing.assert_allclose(clipped_surrogate(*given, 0.2), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("log_ratio", [89.0, -89.0, 1e6, np.inf, -np.inf])
@pytest.mark.parametrize("advantage", [1.0, -1.0])
@pytest.mark.parametrize("mask", [[1.0, 0.0], [1.0, 1.0]], ids=["masked", "counted"])
def test_a_large_log_ratio_is_finite_with_its_gradient(log_ratio, advantage, mask):
    def loss(log_ratios, advantages):
        return masked_mean(clipped_surrogate(log_ratios, advantages, 0.2), jnp.asarray(mask))

    given = jnp.asarray([0.0, log_ratio]), jnp.asarray([1.0, advantage])
    value, gradients = jax.value_and_grad(loss, argnums=(0, 1))(*given)
    assert np.isfinite(value)
    assert all(np.isfinite(gradient).all() for gradient in gradients)
    assert abs(value) <= np.exp(LARGEST_LOG_RATIO)
    if mask[1] == 0:
        assert value == -1
        assert gradients[0][1] == gradients[1][1] == 0


def test_the_gradient_is_0_where_the_ratio_is_clipped():
    """For a positive advantage above 1 + c, for a negative one below 1 - c."""
    log_ratios = jnp.log(jnp.asarray([1.3, 1.3, 0.7, 0.7]))
    advantages = jnp.asarray([1.0, -1.0, 1.0, -1.0])
    gradient = jax.grad(lambda x: jnp.sum(clipped_surrogate(x, advantages, 0.2)))(log_ratios)
    np.testing.assert_allclose(gradient, [0, 1.3, -0.7, 0], rtol=1e-5)


def test_the_policy_gradient_runs_into_the_policy_only():
    log_policy, advantages = jnp.asarray([-0.5, -2.0]), jnp.asarray([3.0, -1.0])
    np.testing.assert_allclose(policy_gradient(log_policy, advantages), [1.5, -2.0])
    total = lambda *given: jnp.sum(policy_gradient(*given))  # noqa: E731
    to_policy, to_advantages = jax.grad(total, argnums=(0, 1))(log_policy, advantages)
    np.testing.assert_array_equal(to_policy, [-3.0, 1.0])
    np.testing.assert_array_equal(to_advantages, 0)
