"""Advantage actor-critic: targets, losses and their gradients, against slow loops."""

from dataclasses import replace

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from engrax.agents import ActorCritic, ActorCriticSizes
from engrax.algorithms import A2C, learning
from engrax.algorithms.replaying import replay_to_end
from engrax.losses.policy import policy_gradient
from engrax.memory import LSTMSizes
from engrax.nn.policies import Categorical
from engrax.testing.contract import quick_jit
from engrax.types import Discrete, Interface, Segment, TimeStep, VectorSpec

from .loops import actions_of, auxiliary_losses, counts, loss_of, transitions
from oracles import learners, merlin

ACTIONS, STREAMS, STEPS = 3, 4, 20
INTERFACE = Interface({"vector": VectorSpec(3)}, Discrete(ACTIONS))
LEARNER = A2C(discount=0.9, gae_lambda=0.8, entropy_cost=0.03, value_cost=0.7)


def make_agent():
    sizes = ActorCriticSizes(memory=LSTMSizes(width=4), hidden=5)
    make = lambda: ActorCritic(INTERFACE, sizes, key=jax.random.key(0))  # noqa: E731
    return merlin.random_parameters(make)


@pytest.fixture(name="segments", scope="module")
def made_segments():
    """Episodes truncated and truly ended, some at the edges; any logits and values recorded."""
    numbers = np.random.default_rng(0)
    last = numbers.random((STREAMS, STEPS + 1)) < 0.2
    last[0], last[1, [0, -1]], last[2, -2] = False, True, True
    opening = np.array([[False], [True], [False], [True]])
    first = np.concatenate([opening, last[:, :-1]], axis=1)
    ended = last & (numbers.random(last.shape) < 0.5)

    def real(*shape):
        return jnp.asarray(numbers.standard_normal((STREAMS, STEPS + 1, *shape)), jnp.float32)

    steps = TimeStep(
        {"vector": real(3)},
        real(),
        jnp.asarray(~ended, jnp.float32),
        jnp.asarray(first),
        jnp.asarray(last),
    )
    actions = jnp.asarray(numbers.integers(0, ACTIONS, (STREAMS, STEPS + 1)), jnp.int32)
    keys = jax.random.split(jax.random.key(1), (STREAMS, STEPS + 1))
    full = lambda leaf: jnp.full((STREAMS, *leaf.shape), 0.3)  # noqa: E731
    state = jax.tree.map(full, make_agent().init_state())
    return Segment(steps, actions, Categorical(real(ACTIONS)), real(), keys, state)


@quick_jit
def replay(agent, segments):
    """The T+1 outputs of every stream, and the agent's own losses."""
    outs = jax.vmap(lambda segment: replay_to_end(agent, segment))(segments)
    return outs, auxiliary_losses(agent, segments, outs, (~segments.void).astype(jnp.float32))


def oracle_targets(segments):
    """Advantages and returns of every stream."""
    results = []
    for b in range(STREAMS):
        rewards, discounts, void = transitions(segments, b, 0.9)
        given = (rewards, discounts, np.asarray(segments.values[b], np.float64), void)
        results.append((merlin.advantages(*given, 0.8), merlin.returns(*given)))
    return [np.stack(part) for part in zip(*results, strict=True)]


def test_targets_equal_the_oracle(segments):
    batch = quick_jit(LEARNER.prepare)(segments)
    advantages, returns = oracle_targets(segments)
    np.testing.assert_allclose(batch.targets.advantages, advantages, atol=1e-5)
    np.testing.assert_allclose(batch.targets.returns, returns, atol=1e-5)
    np.testing.assert_array_equal(batch.valid, ~np.asarray(segments.steps.last)[:, :-1])
    np.testing.assert_array_equal(batch.effective, batch.valid)


def test_the_loss_and_its_parts_equal_the_oracle(segments):
    agent = make_agent()
    outs, own = jax.tree.map(np.asarray, replay(agent, segments))
    assert own.keys() == {"reconstruct_vector"}
    total, metrics, _ = loss_of(LEARNER, agent, segments)
    valid = ~np.asarray(segments.void)
    behaviour = np.asarray(segments.policy.logits), actions_of(segments)

    def wanted(learner, own, targets=oracle_targets(segments)):  # noqa: B008
        part = learners.policy_gradient
        outputs = (outs.policy.logits, outs.value)
        return learners.loss(learner, part, behaviour, targets, outputs, own, valid, valid)

    np.testing.assert_allclose(total, wanted(LEARNER, own), rtol=1e-4)
    bare = replace(LEARNER, entropy_cost=0.0, value_cost=0.0)
    zeros = [np.zeros((STREAMS, STEPS))] * 2
    parts = {
        "policy_loss": wanted(bare, {}),
        "entropy": -wanted(replace(bare, entropy_cost=1.0), {}, zeros),
        "value_loss": wanted(replace(bare, value_cost=1.0), {}) - wanted(bare, {}),
        "reconstruct_vector": own["reconstruct_vector"].mean(),
    }
    for name, part in parts.items():
        np.testing.assert_allclose(metrics[name], part, rtol=1e-4, err_msg=name)


def test_targets_are_data(segments):
    """Advantages and returns are of the values recorded while acting: they have no gradient."""
    agent = make_agent()
    batch = jax.tree.map(lambda leaf: leaf[1], LEARNER.prepare(segments))

    def terms(agent):
        found = LEARNER.terms(agent, batch)
        sums = {"returns": found.returns, "policy": found.policy, "values": found.values}
        return jax.tree.map(jnp.sum, sums)

    gradients = quick_jit(jax.jacrev(terms))(agent)
    assert all(np.all(np.asarray(leaf) == 0) for leaf in jax.tree.leaves(gradients["returns"]))
    assert all(np.all(np.asarray(leaf) == 0) for leaf in jax.tree.leaves(gradients["policy"].value))
    assert all(
        np.any(np.asarray(leaf) != 0) for leaf in jax.tree.leaves(gradients["policy"].policy)
    )
    assert all(np.any(np.asarray(leaf) != 0) for leaf in jax.tree.leaves(gradients["values"].value))
    to_advantages = jax.grad(lambda a: jnp.sum(policy_gradient(jnp.ones(3), a)))(jnp.ones(3))
    np.testing.assert_array_equal(to_advantages, 0)


def test_the_opening_state_is_data(segments):
    """What is carried from one window to the next is detached."""
    agent, segment = make_agent(), jax.tree.map(lambda leaf: leaf[0], segments)

    def total(state):
        one = eqx.tree_at(lambda s: s.state, segment, state)
        batch = LEARNER.prepare(jax.tree.map(lambda leaf: leaf[None], one))
        masks = learning.masks_of(LEARNER, batch)
        weights = learning.weights_of(masks, counts(LEARNER, batch))
        return learning.loss(agent, LEARNER, batch, weights, jnp.asarray(0.1))[0]

    value, gradient = quick_jit(jax.value_and_grad(total))(segment.state)
    assert all(np.all(np.asarray(leaf) == 0) for leaf in jax.tree.leaves(gradient))
    assert value != quick_jit(total)(jax.tree.map(lambda leaf: -leaf, segment.state))


def test_one_epoch_and_one_minibatch_are_the_default():
    """So that the values recorded while acting are the present ones."""
    assert (A2C().epochs, A2C().minibatches) == (1, 1)


def test_settings_that_make_no_sense_are_named():
    with pytest.raises(ValueError, match=r"gae_lambda is 1.5, expected 0 to 1"):
        A2C(gae_lambda=1.5)
