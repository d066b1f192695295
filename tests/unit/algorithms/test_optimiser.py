"""Each parameter group has an optimiser of its own, with its own clipping, moments and rate."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from engrax.agents import AbstractAgent, ActorCritic
from engrax.algorithms import A2C, learning, make_optimiser
from engrax.algorithms.optimiser import apply_gradient
from engrax.testing.contract import quick_jit

from .loops import as_a


class TwoGroups(AbstractAgent):
    """Parameters of the policy, and others."""

    policy: Float[Array, " n"]
    other: Float[Array, " n"]

    def init_state(self):
        raise NotImplementedError

    def step(self, state, inp, *, key, greedy=False):
        raise NotImplementedError

    def unroll(self, state, inps, actions, keys):
        raise NotImplementedError

    def parameter_groups(self):
        return TwoGroups("policy", "agent")


def moves(optimiser, scale=1.0, policy_rate=1.0):
    """The sizes of two steps in the policy and in the other parameters, for a gradient of ones.

    The gradient of the policy is `scale`.
    """
    rate = lambda group: jnp.asarray(policy_rate if group == "policy" else 1.0)  # noqa: E731
    agent = TwoGroups(jnp.zeros(3), jnp.zeros(3))
    gradient = TwoGroups(jnp.full(3, scale), jnp.ones(3))
    state, found = optimiser.init(agent), []
    for _ in range(2):
        after, state = apply_gradient(optimiser, agent, state, gradient, rate)
        found.append([float(-after.policy[0]), float(-after.other[0])])
    return np.asarray(found)


def optimiser_of(norm, epsilon):
    return make_optimiser(TwoGroups(jnp.zeros(3), jnp.zeros(3)), norm, epsilon)


def test_a_group_s_step_is_scaled_by_its_own_rate():
    optimiser = optimiser_of(1e9, 1e-12)
    whole, quarter = moves(optimiser), moves(optimiser, policy_rate=0.25)
    np.testing.assert_allclose(whole, 1.0, rtol=1e-4)
    np.testing.assert_allclose(quarter / whole, [[0.25, 1.0]] * 2, rtol=1e-5)


def test_adam_s_moments_are_a_group_s_own():
    """A policy's gradient a thousand times as large changes no step."""
    optimiser = optimiser_of(1e9, 1e-12)
    np.testing.assert_allclose(moves(optimiser, 1e3) / moves(optimiser), 1.0, rtol=1e-4)


def test_the_gradient_s_norm_is_clipped_group_by_group():
    """With so large an epsilon, steps are proportional to the clipped gradient."""
    optimiser = optimiser_of(0.5, 1e6)
    clipped = moves(optimiser)
    np.testing.assert_allclose(moves(optimiser, 1e3) / clipped, 1.0, rtol=1e-4)
    small = moves(optimiser, 1e-2) / clipped
    np.testing.assert_allclose(small, [[1e-2 / (0.5 / 3**0.5), 1.0]] * 2, rtol=1e-3)


class Grouped(ActorCritic):
    """Its policy head is a group of its own."""

    def parameter_groups(self):
        labels = super().parameter_groups()
        named = lambda part: jax.tree.map(lambda _: "policy", part)  # noqa: E731
        return eqx.tree_at(lambda a: a.policy, labels, replace_fn=named)


def test_rates_of_the_policy_s_group():
    learner, both = A2C(learning_rate=0.5, policy_rate=0.25, policy_delay=3), ("agent", "policy")
    assert [float(learner.rate(group, jnp.asarray(3))) for group in both] == [0.5, 0.125]
    assert [float(learner.rate(group, jnp.asarray(2))) for group in both] == [0.5, 0.0]


def test_an_update_moves_the_policy_s_group_later_and_at_its_own_rate(played):
    """Adam's first step has the size of the learning rate, whatever the gradient's."""
    learner = A2C(learning_rate=1e-2, policy_rate=0.25, policy_delay=3, adam_epsilon=1e-12)
    agent, segments = as_a(Grouped, played[0]), played[1]
    optimiser = make_optimiser(agent, learner.max_gradient_norm, learner.adam_epsilon)
    parameters = eqx.filter(agent, eqx.is_inexact_array)
    state, run = optimiser.init(parameters), quick_jit(learning.update)
    for updates, policy_step in ((2, 0.0), (3, 0.25e-2), (9, 0.25e-2)):
        given = (agent, state, segments, jax.random.key(0), jnp.asarray(updates))
        after, _, metrics = run(learner, optimiser, *given)
        after = eqx.filter(after, eqx.is_inexact_array)
        moved = jax.tree.map(lambda a, b: float(jnp.abs(a - b).max()), after, parameters)
        np.testing.assert_allclose(jax.tree.leaves(moved.policy), policy_step, rtol=1e-2)
        others = jax.tree.leaves((moved.value, moved.memory))
        np.testing.assert_allclose(others, 1e-2, rtol=1e-2)
        np.testing.assert_allclose(metrics["learning_rate"], 1e-2)


class OneGroup(TwoGroups):
    """Does not set its policy's parameters apart."""

    def parameter_groups(self):
        return OneGroup("agent", "agent")


def test_one_group_has_one_norm():
    """The clip is of the norm over all parameters: one large gradient makes all steps small."""
    agent = OneGroup(jnp.zeros(3), jnp.zeros(3))
    optimiser = make_optimiser(agent, 0.5, 1e6)
    apart = moves(optimiser_of(0.5, 1e6), 1e3)
    rate = lambda group: jnp.asarray({"agent": 1.0}[group])  # noqa: E731
    gradient = OneGroup(jnp.full(3, 1e3), jnp.ones(3))
    after, _ = apply_gradient(optimiser, agent, optimiser.init(agent), gradient, rate)
    np.testing.assert_allclose(after.policy, -apart[0, 0], rtol=1e-3)
    np.testing.assert_allclose(after.other, -1e-3 * apart[0, 1], rtol=1e-3)
