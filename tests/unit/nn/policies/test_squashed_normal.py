"""The squashed normal distribution, against numerical integration and SciPy in float64."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from engrax.nn.policies import SquashedNormal
from engrax.nn.policies.squashed_normal import SCALES
from engrax.testing.contract import quick_jit
from engrax.types import Continuous

ONE = Continuous((-2.0,), (3.0,))
TWO = Continuous((-2.0, 0.5), (3.0, 0.75))
SHAPES = [(0.0, -1.0), (0.7, -2.0), (-1.5, 0.0), (0.3, 0.5), (0.0, -5.0)]
"""Means and logarithms of scales of u."""


def policy_of(mean, log_scale, actions=ONE):
    """The policy made of a network's outputs."""
    outputs = np.concatenate([np.atleast_1d(mean), np.atleast_1d(log_scale)], axis=-1)
    return SquashedNormal.of(actions, jnp.asarray(outputs, jnp.float32))


@quick_jit
def samples(policy, keys):
    """One action a key."""
    return jax.vmap(policy.sample)(keys)


@quick_jit
def log_densities(policy, actions):
    """The log-density of each action."""
    return jax.vmap(policy.log_probability)(actions)


def grid(mean, log_scale, points=200_001):
    """Values of u that cover the distribution."""
    return mean + np.exp(log_scale) * np.linspace(-9, 9, points)


def log_density_of_action(u, mean, log_scale, width):
    """log N(u) - log |da / du|, with da / du = width / 2 / cosh(u)^2."""
    slope = np.log(width / 2) - 2 * (np.logaddexp(u, -u) - np.log(2))
    return stats.norm.logpdf(u, mean, np.exp(log_scale)) - slope


@pytest.mark.parametrize(("mean", "log_scale"), SHAPES)
def test_the_density_integrates_to_1_between_the_bounds(mean, log_scale):
    u = grid(mean, log_scale, 20_001)
    actions = (-2 + 2.5 * (1 + np.tanh(u[np.abs(u) < 6.5]))).astype(np.float32)
    policy = policy_of(mean, log_scale)
    density = np.exp(np.asarray(log_densities(policy, jnp.asarray(actions)[:, None]), np.float64))
    covered = np.diff(stats.norm.cdf([-6.5, 6.5], mean, np.exp(log_scale)))[0]
    total = np.trapezoid(density, actions.astype(np.float64))
    assert total == pytest.approx(covered, abs=2e-3)


def test_log_probability_equals_the_oracle_over_leading_axes_and_components():
    numbers = np.random.default_rng(0)
    mean, log_scale = numbers.normal(0, 1, (2, 4, 2)), numbers.normal(-0.5, 0.5, (2, 4, 2))
    u = mean + np.exp(log_scale) * numbers.uniform(-2, 2, mean.shape)
    low, high = np.asarray(TWO.low), np.asarray(TWO.high)
    actions = low + (high - low) * (1 + np.tanh(u)) / 2
    code = 2 * (actions.astype(np.float32).astype(np.float64) - low) / (high - low) - 1
    expected = log_density_of_action(np.arctanh(code), mean, log_scale, high - low).sum(-1)
    got = policy_of(mean, log_scale, TWO).log_probability(jnp.asarray(actions, jnp.float32))
    assert got.shape == (2, 4)
    np.testing.assert_allclose(got, expected, rtol=1e-3, atol=1e-3)


def integrated_entropy(mean, log_scale):
    u = grid(mean, log_scale)
    log_density = log_density_of_action(u, mean, log_scale, 5.0)
    return -np.trapezoid(stats.norm.pdf(u, mean, np.exp(log_scale)) * log_density, u)


@pytest.mark.parametrize(("mean", "log_scale"), SHAPES)
def test_the_entropy_equals_numerical_integration(mean, log_scale):
    expected = integrated_entropy(mean, log_scale)
    assert policy_of(mean, log_scale).entropy() == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize(("mean", "log_scale"), [(0.0, 1.0), (-1.5, 1.0), (0.0, 2.0), (3.0, 2.0)])
def test_the_entropy_of_wide_policies_is_near(mean, log_scale):
    """Sixteen nodes are too few to be exact where almost all actions are at a bound."""
    expected = integrated_entropy(mean, log_scale)
    assert policy_of(mean, log_scale).entropy() == pytest.approx(
        expected, abs=0.02 * 16 ** (log_scale - 1)
    )


def test_the_entropy_is_summed_over_components():
    both = policy_of([0.3, -0.4], [-1.0, 0.2], TWO).entropy()
    each = [
        policy_of(mean, scale, Continuous((low,), (high,))).entropy()
        for mean, scale, low, high in zip([0.3, -0.4], [-1.0, 0.2], TWO.low, TWO.high, strict=True)
    ]
    np.testing.assert_allclose(both, sum(each), rtol=1e-5)


def test_samples_follow_the_density():
    """The distance of the two distribution functions exceeds 2 / sqrt(n) once in 1,500."""
    policy, draws = policy_of(0.4, -0.3), 10_000
    keys = jax.random.split(jax.random.key(0), draws)
    drawn = np.asarray(samples(policy, keys), np.float64)[:, 0]
    assert drawn.min() >= -2
    assert drawn.max() <= 3
    u = np.arctanh(2 * (drawn + 2) / 5 - 1)
    distance = stats.kstest(u, stats.norm(0.4, np.exp(-0.3)).cdf).statistic
    assert distance < 2 / np.sqrt(draws)


def test_components_and_leading_axes_are_drawn_independently():
    policy = SquashedNormal.of(TWO, jnp.zeros((3000, 4)))
    drawn = np.asarray(policy.sample(jax.random.key(1)))
    assert drawn.shape == (3000, 2)
    assert abs(np.corrcoef(drawn.T)[0, 1]) < 5 / np.sqrt(3000)
    assert len(np.unique(drawn[:, 0])) > 2900


def test_the_mode_is_the_action_of_the_mean():
    policy = policy_of([0.5, -1.0], [0.0, 0.0], TWO)
    low, high = np.asarray(TWO.low), np.asarray(TWO.high)
    expected = low + (high - low) * (1 + np.tanh([0.5, -1.0])) / 2
    np.testing.assert_allclose(policy.mode(), expected, rtol=1e-6)


@pytest.mark.parametrize("outputs", [[0.0, 0.0, 0.0, 0.0], [50.0, -50.0, 9.0, -9.0], [1e4] * 4])
@pytest.mark.parametrize("action", [TWO.low, TWO.high])
def test_actions_at_the_bounds_and_extreme_outputs_are_finite(outputs, action):
    def values(outputs):
        policy = SquashedNormal.of(TWO, outputs)
        return policy.log_probability(jnp.asarray(action, jnp.float32)) + policy.entropy()

    value, gradient = jax.value_and_grad(values)(jnp.asarray(outputs))
    assert np.isfinite(value)
    assert np.isfinite(gradient).all()


@pytest.mark.parametrize("mean", [-60.0, 60.0])
def test_samples_of_a_saturated_policy_are_within_the_bounds(mean):
    policy = policy_of([mean, mean], [SCALES[1]] * 2, TWO)
    drawn = samples(policy, jax.random.split(jax.random.key(2), 50))
    assert np.all(np.asarray(drawn) >= np.asarray(TWO.low, np.float32))
    assert np.all(np.asarray(drawn) <= np.asarray(TWO.high, np.float32))
    assert np.isfinite(policy.log_probability(drawn[0]))


def test_scales_are_clipped():
    wide, narrow = policy_of(0.0, 7.0), policy_of(0.0, -9.0)
    np.testing.assert_array_equal([wide.log_scale[0], narrow.log_scale[0]], [SCALES[1], SCALES[0]])


def test_the_gradient_of_the_log_probability_is_that_of_the_oracle():
    """Of a normal distribution of u: (u - mean) / scale^2, and ((u - mean) / scale)^2 - 1."""
    u, mean, log_scale = 0.8, 0.3, -0.4
    action = jnp.asarray([-2 + 2.5 * (1 + np.tanh(u))], jnp.float32)
    log_probability = lambda outputs: SquashedNormal.of(ONE, outputs).log_probability(action)  # noqa: E731
    gradient = jax.grad(log_probability)(jnp.asarray([mean, log_scale]))
    variance = np.exp(2 * log_scale)
    expected = [(u - mean) / variance, (u - mean) ** 2 / variance - 1]
    np.testing.assert_allclose(gradient, expected, rtol=1e-4)


def test_the_code_is_minus_1_to_1_and_costs_half_the_squared_error():
    middle = [(low + high) / 2 for low, high in zip(TWO.low, TWO.high, strict=True)]
    code = SquashedNormal.code(TWO, jnp.asarray([TWO.low, middle, TWO.high], jnp.float32))
    np.testing.assert_allclose(code, [[-1, -1], [0, 0], [1, 1]], atol=1e-6)
    assert (SquashedNormal.code_size(TWO), SquashedNormal.size(TWO)) == (2, 4)
    predicted = jnp.asarray([0.5, -0.25])
    cost = SquashedNormal.code_cost(TWO, predicted, jnp.asarray(TWO.high, jnp.float32))
    np.testing.assert_allclose(cost, 0.5 * (0.5**2 + 1.25**2), rtol=1e-5)


def test_features_are_means_and_log_scales():
    policy = policy_of([0.5, -1.0], [0.0, 3.0], TWO)
    np.testing.assert_allclose(policy.features(), [0.5, -1.0, 0.0, SCALES[1]])
