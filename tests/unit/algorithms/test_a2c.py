"""Advantage actor-critic: targets, the loss' parts and where their gradients go, against slow loops."""

from dataclasses import replace

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from engrax.agents import ActorCritic, ActorCriticSizes
from engrax.algorithms import A2C, learning, make_optimiser
from engrax.losses.policy import policy_gradient
from engrax.memory import LSTM
from engrax.testing.contract import quick_jit
from engrax.types import Segment, TimeStep, VectorSpec

from oracles import learners, merlin

SPEC, ACTIONS, STREAMS, STEPS = {"vector": VectorSpec(3)}, 3, 4, 20
LEARNER = A2C(discount=0.9, trace=0.8, entropy_cost=0.03, value_cost=0.7)


class Telling(ActorCritic):
    """Tells its own value, and how far it is from the observation."""

    def metrics(self, inps, outs, actions):
        del actions
        return {"told": outs.value[:-1], "far": jnp.square(outs.value - inps.observation["vector"][:, 0])[:-1]}


def make_agent(kind=ActorCritic):
    make = lambda size, key: LSTM(size, width=4, key=key)  # noqa: E731
    sizes = ActorCriticSizes(hidden=5)
    return merlin.random_parameters(lambda: kind(SPEC, ACTIONS, memory=make, sizes=sizes, key=jax.random.key(0)))


@pytest.fixture(name="segments", scope="module")
def made_segments():
    """Episodes cut off and truly ended, some at the edges of the segment; recorded logits and values of anyone."""
    numbers = np.random.default_rng(0)
    last = numbers.random((STREAMS, STEPS + 1)) < 0.2
    last[0], last[1, [0, -1]], last[2, -2] = False, True, True
    opening = np.array([[False], [True], [False], [True]])
    first = np.concatenate([opening, last[:, :-1]], axis=1)
    ended = last & (numbers.random(last.shape) < 0.5)
    real = lambda *shape: jnp.asarray(numbers.standard_normal((STREAMS, STEPS + 1, *shape)), jnp.float32)  # noqa: E731
    steps = TimeStep(
        {"vector": real(3)}, real(), jnp.asarray(~ended, jnp.float32), jnp.asarray(first), jnp.asarray(last), {}
    )
    actions = jnp.asarray(numbers.integers(0, ACTIONS, (STREAMS, STEPS + 1)), jnp.int32)
    keys = jax.random.split(jax.random.key(1), (STREAMS, STEPS + 1))
    state = jax.tree.map(lambda leaf: jnp.full((STREAMS, *leaf.shape), 0.3), make_agent().init_state())
    return Segment(steps, actions, real(ACTIONS), real(), keys, state)


@quick_jit
def replay(agent, segments):
    """The outputs of every stream, and the agent's own losses."""
    one = lambda s: agent.unroll(s.state, s.inputs, s.actions, s.keys)[1]  # noqa: E731
    outs = jax.vmap(one)(segments)
    acted = (~segments.void).astype(jnp.float32)
    own = lambda s, *told: agent.auxiliary_losses(s.inputs, told[0], s.actions, s.values[:-1], told[1])  # noqa: E731
    return outs, jax.vmap(own)(segments, outs, acted)


@quick_jit
def loss_and_gradient(learner, agent, segments):
    lessons = learner.prepare(segments)
    return eqx.filter_value_and_grad(
        lambda agent: learning.loss(learner, agent, lessons, jnp.asarray(learner.entropy_cost)), has_aux=True
    )(agent)


def oracle_targets(segments):
    """Advantages and returns of every stream."""
    results = []
    for b in range(STREAMS):
        steps = jax.tree.map(lambda leaf: np.asarray(leaf[b], np.float64), segments.steps)  # noqa: B023
        given = (
            steps.reward[1:],
            0.9 * steps.discount[1:],
            np.asarray(segments.values[b], np.float64),
            steps.last[:-1] > 0,
        )
        results.append((merlin.advantages(*given, 0.8), merlin.returns(*given)))
    return [np.stack(part) for part in zip(*results, strict=True)]


def test_targets_equal_the_oracle(segments):
    lessons = quick_jit(LEARNER.prepare)(segments)
    advantages, returns = oracle_targets(segments)
    np.testing.assert_allclose(lessons.targets.advantages, advantages, atol=1e-5)
    np.testing.assert_allclose(lessons.targets.returns, returns, atol=1e-5)
    np.testing.assert_array_equal(lessons.valid, ~np.asarray(segments.steps.last)[:, :-1])
    np.testing.assert_array_equal(lessons.acted, lessons.valid)


def test_the_loss_and_its_parts_equal_the_oracle(segments):
    agent = make_agent()
    outs, own = jax.tree.map(np.asarray, replay(agent, segments))
    assert own.keys() == {"reconstruct_vector"}
    (total, metrics), _ = loss_and_gradient(LEARNER, agent, segments)
    valid = ~np.asarray(segments.void)
    behaviour = np.asarray(segments.logits), np.asarray(segments.actions)

    def wanted(learner, own, targets=oracle_targets(segments)):  # noqa: B008
        part = learners.policy_gradient
        return learners.loss(learner, part, behaviour, targets, (outs.logits, outs.value), own, valid, valid)

    np.testing.assert_allclose(total, wanted(LEARNER, own), rtol=1e-4)
    silent = replace(LEARNER, entropy_cost=0.0, value_cost=0.0)
    zeros = [np.zeros((STREAMS, STEPS))] * 2
    parts = {
        "policy_loss": wanted(silent, {}),
        "entropy": -wanted(replace(silent, entropy_cost=1.0), {}, zeros),
        "value_loss": wanted(replace(silent, value_cost=1.0), {}) - wanted(silent, {}),
        "reconstruct_vector": own["reconstruct_vector"].mean(),
    }
    for name, part in parts.items():
        np.testing.assert_allclose(metrics[name], part, rtol=1e-4, err_msg=name)


def test_targets_are_data(segments):
    """Advantages and returns are of the values recorded while acting: nothing of the agent is in them."""
    agent = make_agent()
    lesson = jax.tree.map(lambda leaf: leaf[1], LEARNER.prepare(segments))

    def terms(agent):
        terms = LEARNER.terms(agent, lesson)
        return {"returns": jnp.sum(terms.returns), "policy": jnp.sum(terms.policy), "values": terms.values.sum()}

    gradients = quick_jit(jax.jacrev(terms))(agent)
    assert all(np.all(np.asarray(leaf) == 0) for leaf in jax.tree.leaves(gradients["returns"]))
    assert all(np.all(np.asarray(leaf) == 0) for leaf in jax.tree.leaves(gradients["policy"].value))
    assert all(np.any(np.asarray(leaf) != 0) for leaf in jax.tree.leaves(gradients["policy"].policy))
    assert all(np.any(np.asarray(leaf) != 0) for leaf in jax.tree.leaves(gradients["values"].value))
    to_advantages = jax.grad(lambda a: jnp.sum(policy_gradient(jnp.ones(3), a)))(jnp.ones(3))
    np.testing.assert_array_equal(to_advantages, 0)


def test_the_opening_state_is_data(segments):
    """What is carried from one window to the next is detached."""
    agent, segment = make_agent(), jax.tree.map(lambda leaf: leaf[0], segments)

    def total(state):
        lessons = LEARNER.prepare(jax.tree.map(lambda leaf: leaf[None], eqx.tree_at(lambda s: s.state, segment, state)))
        return learning.loss(LEARNER, agent, lessons, jnp.asarray(0.1))[0]

    value, gradient = quick_jit(jax.value_and_grad(total))(segment.state)
    assert all(np.all(np.asarray(leaf) == 0) for leaf in jax.tree.leaves(gradient))
    assert value != quick_jit(total)(jax.tree.map(lambda leaf: -leaf, segment.state))


def test_an_agent_s_metrics_are_logged_and_teach_nothing(segments):
    (silent, metrics), gradient = loss_and_gradient(LEARNER, make_agent(), segments)
    (total, more), same = loss_and_gradient(LEARNER, make_agent(Telling), segments)
    outs, _ = replay(make_agent(), segments)
    assert more.keys() - metrics.keys() == {"told", "far"}
    np.testing.assert_allclose(more["told"], outs.value[:, :-1].mean(), rtol=1e-5)
    assert total == silent
    for got, want in zip(jax.tree.leaves(same), jax.tree.leaves(gradient), strict=True):
        np.testing.assert_array_equal(got, want)


class Grouped(ActorCritic):
    """Its policy head is of a group of its own."""

    def parameter_groups(self):
        labels = super().parameter_groups()
        return eqx.tree_at(lambda a: a.policy, labels, replace_fn=lambda part: jax.tree.map(lambda _: "policy", part))


def test_the_policy_s_group_learns_later_and_at_its_own_rate(segments):
    """Adam's first step has the size of the learning rate, whatever the gradient's."""
    learner = replace(LEARNER, learning_rate=1e-2, policy_rate=0.25, policy_delay=3, adam_epsilon=1e-12)
    agent = make_agent(Grouped)
    optimiser = make_optimiser(agent, learner.max_gradient_norm, learner.adam_epsilon)
    state, run = optimiser.init(agent), quick_jit(learning.update)
    for updates, policy_step in ((2, 0.0), (3, 0.25e-2), (9, 0.25e-2)):
        after, _, metrics = run(learner, optimiser, agent, state, segments, jax.random.key(0), jnp.asarray(updates))
        moved = jax.tree.map(lambda a, b: float(jnp.abs(a - b).max()), after, agent)
        np.testing.assert_allclose(jax.tree.leaves(moved.policy), policy_step, rtol=1e-2)
        np.testing.assert_allclose(jax.tree.leaves((moved.value, moved.memory)), 1e-2, rtol=1e-2)
        np.testing.assert_allclose(metrics["learning_rate"], 1e-2)


def test_settings():
    assert (A2C().epochs, A2C().minibatches) == (1, 1)  # so that the recorded values are the present ones
    with pytest.raises(ValueError, match=r"trace is 1.5, expected 0 to 1"):
        A2C(trace=1.5)
    with pytest.raises(ValueError, match=r"policy_rate is 0.0, expected more than 0"):
        A2C(policy_rate=0.0)
    with pytest.raises(ValueError, match=r"policy_delay is -1, expected at least 0"):
        A2C(policy_delay=-1)
