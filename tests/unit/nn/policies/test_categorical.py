"""Distributions over discrete actions, against sums over all actions in float64."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from engrax.nn.policies import Categorical, Factored
from engrax.testing.contract import quick_jit
from engrax.types import Discrete, MultiDiscrete

LOGITS = np.random.default_rng(0).normal(0, 2, (2, 3, 5)).astype(np.float32)
MASKED = np.where(np.random.default_rng(1).random(LOGITS.shape) < 0.4, -np.inf, LOGITS)
MASKED[..., 2] = LOGITS[..., 2]  # at least one action is possible everywhere
MASKED = MASKED.astype(np.float32)
SIZES = (2, 3, 4)
FACTORED = np.random.default_rng(2).normal(0, 1.5, (3, sum(SIZES))).astype(np.float32)


@quick_jit
def samples(policy, keys):
    """One action a key."""
    return jax.vmap(policy.sample)(keys)


def probabilities(logits):
    """softmax in float64."""
    weights = np.exp(np.asarray(logits, np.float64) - np.max(logits, axis=-1, keepdims=True))
    return weights / weights.sum(-1, keepdims=True)


def entropy(p):
    """In nats, where 0 log 0 is 0."""
    return -np.sum(np.where(p > 0, p * np.log(np.where(p > 0, p, 1)), 0), axis=-1)


def joint(logits):
    """The probability of every action of several components, by the action."""
    parts = np.split(probabilities_of_parts(logits), np.cumsum(SIZES)[:-1])
    choices = itertools.product(*map(range, SIZES))
    return {each: np.prod([p[i] for p, i in zip(parts, each, strict=True)]) for each in choices}


def probabilities_of_parts(logits):
    return np.concatenate([probabilities(part) for part in np.split(logits, np.cumsum(SIZES)[:-1])])


@pytest.mark.parametrize("logits", [LOGITS, MASKED], ids=["all", "masked"])
def test_log_probability_entropy_and_mode(logits):
    policy, p = Categorical(jnp.asarray(logits)), probabilities(logits)
    actions = np.argmax(p * np.random.default_rng(3).random(p.shape), axis=-1)  # possible ones
    chosen = np.take_along_axis(p, actions[..., None], axis=-1)[..., 0]
    got = policy.log_probability(jnp.asarray(actions, jnp.int32))
    np.testing.assert_allclose(got, np.log(chosen), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(policy.entropy(), entropy(p), rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(policy.mode(), np.argmax(p, axis=-1))
    np.testing.assert_allclose(np.exp(policy.features()), p, rtol=1e-5, atol=1e-7)
    assert policy.mode().dtype == jnp.int32


def test_an_action_that_is_masked_has_probability_0():
    policy = Categorical(jnp.asarray([0.0, 1.0, -jnp.inf]))
    assert policy.log_probability(jnp.asarray(2)) == -jnp.inf
    drawn = np.asarray(samples(policy, jax.random.split(jax.random.key(0), 2000)))
    assert set(drawn.tolist()) == {0, 1}


def test_gradients_are_finite_where_actions_are_masked():
    """The logit that is minus infinity has gradient 0, and others have that of the rest alone."""

    def values(logits):
        policy = Categorical(logits)
        return policy.entropy() + policy.log_probability(jnp.asarray(1, jnp.int32))

    gradient = jax.grad(values)(jnp.asarray([0.0, 1.0, -jnp.inf]))
    assert np.isfinite(gradient).all()
    np.testing.assert_allclose(gradient[:2], jax.grad(values)(jnp.asarray([0.0, 1.0])), rtol=1e-5)
    assert gradient[2] == 0


@pytest.mark.parametrize("scale", [1.0, 1e4])
def test_extreme_logits_stay_finite(scale):
    policy = Categorical(scale * jnp.asarray([1.0, -1.0, 0.5]))
    assert np.isfinite(policy.entropy())
    assert np.isfinite(policy.log_probability(jnp.asarray(1, jnp.int32)))
    gradient = jax.grad(lambda logits: Categorical(logits).entropy())(policy.logits)
    assert np.isfinite(gradient).all()


def test_samples_follow_the_probabilities():
    logits, draws = jnp.asarray(LOGITS[0, 0]), 20_000
    drawn = np.asarray(samples(Categorical(logits), jax.random.split(jax.random.key(1), draws)))
    assert drawn.dtype == np.int32
    p = probabilities(LOGITS[0, 0])
    found = np.bincount(drawn, minlength=5) / draws
    assert np.all(np.abs(found - p) < 5 * np.sqrt(p * (1 - p) / draws))


def test_samples_over_leading_axes_are_independent():
    policy = Categorical(jnp.zeros((4000, 2)))
    drawn = np.asarray(policy.sample(jax.random.key(2)))
    assert drawn.shape == (4000,)
    assert abs(drawn.mean() - 0.5) < 5 * 0.5 / np.sqrt(4000)


def test_the_code_of_a_discrete_action_is_one_hot():
    actions = Discrete(4)
    code = Categorical.code(actions, jnp.asarray([3, 0], jnp.int32))
    np.testing.assert_array_equal(code, np.eye(4)[[3, 0]])
    assert Categorical.code_size(actions) == Categorical.size(actions) == 4


def test_predicting_a_code_costs_cross_entropy():
    actions, predicted = Discrete(5), LOGITS[0]
    taken = np.asarray([0, 4, 2])
    cost = Categorical.code_cost(actions, jnp.asarray(predicted), jnp.asarray(taken, jnp.int32))
    np.testing.assert_allclose(cost, -np.log(probabilities(predicted)[range(3), taken]), rtol=1e-5)


def test_factored_log_probability_entropy_and_mode_are_those_of_the_joint_distribution():
    policy = Factored(jnp.asarray(FACTORED), SIZES)
    every = jnp.asarray([*joint(FACTORED[0])], jnp.int32)  # [actions, components]
    log_probability = lambda policy, a: policy.log_probability(jnp.broadcast_to(a, (3, 3)))  # noqa: E731
    found = quick_jit(lambda p, a: jax.vmap(lambda one: log_probability(p, one))(a))(policy, every)
    for stream, logits in enumerate(FACTORED):
        p = joint(logits)
        np.testing.assert_allclose(found[:, stream], np.log([*p.values()]), rtol=1e-5)
        np.testing.assert_allclose(
            policy.entropy()[stream], entropy(np.array([*p.values()])), rtol=1e-5
        )
        assert tuple(policy.mode()[stream].tolist()) == max(p, key=p.__getitem__)
    assert sum(p.values()) == pytest.approx(1)
    assert policy.mode().dtype == jnp.int32


def test_factored_with_masked_choices_is_finite():
    logits = jnp.asarray(FACTORED[0]).at[jnp.asarray([0, 3])].set(-jnp.inf)
    action = jnp.asarray([1, 0, 2], jnp.int32)

    def value(logits):
        policy = Factored(logits, SIZES)
        return policy.entropy() + policy.log_probability(action)

    total, gradient = jax.value_and_grad(value)(logits)
    assert np.isfinite(total)
    assert np.isfinite(gradient).all()
    p = np.array([*joint(np.asarray(logits)).values()])
    np.testing.assert_allclose(Factored(logits, SIZES).entropy(), entropy(p), rtol=1e-5)


def test_factored_samples_follow_the_joint_distribution():
    policy, draws = Factored(jnp.asarray(FACTORED[0]), SIZES), 20_000
    drawn = np.asarray(samples(policy, jax.random.split(jax.random.key(3), draws)))
    assert (drawn.shape, drawn.dtype) == ((draws, 3), np.int32)
    for action, p in joint(FACTORED[0]).items():
        found = np.mean(np.all(drawn == action, axis=1))
        assert abs(found - p) < 5 * np.sqrt(p * (1 - p) / draws), action


def test_the_code_of_a_factored_action_is_one_hot_by_component():
    actions = MultiDiscrete(SIZES)
    code = Factored.code(actions, jnp.asarray([1, 0, 3], jnp.int32))
    np.testing.assert_array_equal(code, [0, 1, 1, 0, 0, 0, 0, 0, 1])
    assert Factored.code_size(actions) == Factored.size(actions) == sum(SIZES)
    cost = Factored.code_cost(actions, jnp.asarray(FACTORED[0]), jnp.asarray([1, 0, 3], jnp.int32))
    np.testing.assert_allclose(cost, -np.log(joint(FACTORED[0])[1, 0, 3]), rtol=1e-5)


def test_a_mask_leaves_the_distribution_over_the_actions_that_are_allowed():
    allowed = np.isfinite(MASKED)
    policy = Categorical(jnp.asarray(LOGITS)).masked(jnp.asarray(allowed))
    want = probabilities(MASKED)
    np.testing.assert_allclose(np.exp(policy.features()), want, rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(policy.entropy(), entropy(want), rtol=1e-5)
    np.testing.assert_array_equal(policy.mode(), np.argmax(MASKED, axis=-1))
    drawn = samples(policy, jax.random.split(jax.random.key(0), 200))
    assert np.take_along_axis(allowed, np.asarray(drawn).transpose(1, 2, 0), -1).all()


def test_no_gradient_flows_into_a_masked_action_and_all_are_finite():
    allowed = jnp.asarray(np.isfinite(MASKED))

    @quick_jit
    def gradient(logits):
        policy = lambda logits: Categorical(logits).masked(allowed)  # noqa: E731
        taken = jnp.full(logits.shape[:-1], 2, jnp.int32)
        loss = lambda p: jnp.sum(p.log_probability(taken) + p.entropy())  # noqa: E731
        return jax.grad(lambda logits: loss(policy(logits)))(logits)

    found = np.asarray(gradient(jnp.asarray(LOGITS)))
    assert np.isfinite(found).all()
    assert not found[~np.asarray(allowed)].any()
    assert found[np.asarray(allowed)].any()


def test_where_a_mask_allows_nothing_all_actions_are_possible():
    policy = Categorical(jnp.asarray(LOGITS))
    free = policy.masked(jnp.zeros(LOGITS.shape, bool))
    np.testing.assert_array_equal(free.logits, policy.logits)


def test_each_component_has_its_part_of_a_mask():
    allowed = np.random.default_rng(3).random(FACTORED.shape) < 0.5
    allowed[:, [0, 2, 5]] = True
    policy = Factored(jnp.asarray(FACTORED), SIZES).masked(jnp.asarray(allowed))
    want = Factored(jnp.asarray(np.where(allowed, FACTORED, -np.inf), jnp.float32), SIZES)
    np.testing.assert_allclose(policy.entropy(), want.entropy(), rtol=1e-6)
    np.testing.assert_array_equal(policy.mode(), want.mode())
