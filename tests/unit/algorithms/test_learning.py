"""An update: the loss over minibatches, void transitions, schedules, and metrics."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from engrax.agents import ActorCritic
from engrax.algorithms import A2C, LEARNERS, PPO, Ramp, learning, make_optimiser, update
from engrax.testing.contract import quick_jit

from .loops import as_a, counts, loss_of

SETTINGS = {"minibatches": 2, "entropy_cost": 0.03}


@pytest.mark.parametrize("name", LEARNERS)
def test_void_transitions_do_not_count(name, played):
    """The reward and the policy that are recorded after `last` do not change the loss."""
    agent, segments = played
    void = segments.void
    assert bool(void.any())
    rewards = segments.steps.reward.at[:, 1:].add(jnp.where(void, 50.0, 0.0))
    logits = segments.policy.logits.at[:, :-1, 0].add(jnp.where(void, 3.0, 0.0))
    where = lambda s: (s.steps.reward, s.policy.logits)  # noqa: E731
    changed = eqx.tree_at(where, segments, (rewards, logits))
    # At `first` an agent ignores the reward; so nothing but the targets could have changed.
    want, got = (
        loss_of(LEARNERS[name](**SETTINGS), agent, each)[0] for each in (segments, changed)
    )
    np.testing.assert_array_equal(got, want)
    other = eqx.tree_at(lambda s: s.steps.reward, segments, segments.steps.reward + 1.0)
    assert loss_of(LEARNERS[name](**SETTINGS), agent, other)[0] != want


@quick_jit
def updated(learner, optimiser, agent, state, segments, updates):
    """The agent after an update, and its metrics."""
    key = jax.random.key(0)
    agent, _, metrics = update(learner, optimiser, agent, state, segments, key, updates)
    return agent, metrics


def update_of(learner, played, updates):
    """How far the parameters moved at most, and the metrics, after so many updates."""
    agent, segments = played
    optimiser = make_optimiser(agent, learner.max_gradient_norm, learner.adam_epsilon)
    state = optimiser.init(eqx.filter(agent, eqx.is_inexact_array))
    changed, metrics = updated(learner, optimiser, agent, state, segments, jnp.asarray(updates))
    before, after = (eqx.filter(one, eqx.is_inexact_array) for one in (agent, changed))
    moved = jax.tree.map(lambda a, b: np.abs(np.asarray(a) - np.asarray(b)).max(), before, after)
    return max(jax.tree.leaves(moved)), metrics


def test_schedules_set_the_size_of_a_step_and_the_weight_of_the_entropy(played):
    """Adam's first step has the size of the learning rate, whatever the gradient's."""
    ramps = {
        "learning_rate_ramp": Ramp(end=0.5, updates=4),
        "entropy_ramp": Ramp(end=0.0, updates=2),
    }
    learner = PPO(epochs=1, minibatches=1, entropy_cost=0.03, **ramps)
    (early, first), (late, last) = (update_of(learner, played, updates) for updates in (0, 8))
    np.testing.assert_allclose([early, late], [1e-3, 5e-4], rtol=1e-2)
    rates = [first["learning_rate"], last["learning_rate"]]
    np.testing.assert_allclose(rates, [1e-3, 5e-4], rtol=1e-6)
    costs = [first["entropy_cost"], last["entropy_cost"]]
    np.testing.assert_allclose(costs, [0.03, 0.0], rtol=1e-6)
    np.testing.assert_allclose(first["loss"] - last["loss"], -0.03 * first["entropy"], rtol=1e-4)


def test_metrics_are_means_over_gradient_steps(played):
    """With a learning rate of next to nothing, they are those of the parts of the batch."""
    learner = A2C(**SETTINGS, learning_rate=1e-12)
    agent, segments = played
    _, metrics = update_of(learner, played, 0)
    parts = learning.shuffled_minibatches(jax.random.key(0), 4, 1, 2)
    losses = [loss_of(learner, agent, jax.tree.map(lambda x, i=i: x[i], segments)) for i in parts]
    assert float(losses[0][0]) != float(losses[1][0])
    for name in ("policy_loss", "entropy", "value_loss", "reconstruct_vector"):
        expected = np.mean([float(metrics[name]) for _, metrics, _ in losses])
        np.testing.assert_allclose(metrics[name], expected, rtol=1e-4, err_msg=name)
    np.testing.assert_allclose(metrics["loss"], np.mean([loss for loss, *_ in losses]), rtol=1e-4)
    assert metrics["gradient_norm"] > 0


def test_the_explained_variance_is_1_less_the_share_of_the_errors(played, replayed):
    learner = PPO(minibatches=1, epochs=1)
    _, metrics = update_of(learner, played, 0)
    batch = learner.prepare(played[1])
    valid, returns = np.asarray(batch.valid) == 1, np.asarray(batch.targets.returns, np.float64)
    errors = (returns - replayed[2][:, :-1])[valid]
    expected = 1 - errors.var() / returns[valid].var()
    np.testing.assert_allclose(metrics["explained_variance"], expected, rtol=1e-3)


class Measuring(ActorCritic):
    """Has metrics: its own value, and how far it is from the observation."""

    def metrics(self, inps, outs, actions):
        del actions
        distance = jnp.square(outs.value - inps.observation["vector"][:, 0])
        return {"own_value": outs.value, "distance": distance}


@quick_jit
def loss_and_gradient(learner, agent, segments):
    batch, cost = learner.prepare(segments), jnp.asarray(learner.entropy_cost)
    total, gradient, found = learning.gradient_of(
        learner, agent, batch, counts(learner, batch), cost
    )
    return (total, learning.metrics_of(found)), gradient


def test_an_agent_s_metrics_are_logged_and_train_nothing(played, replayed):
    agent, segments = played
    learner, measuring = A2C(**SETTINGS), as_a(Measuring, agent)
    (plain, metrics), gradient = loss_and_gradient(learner, agent, segments)
    (total, more), same = loss_and_gradient(learner, measuring, segments)
    assert more.keys() - metrics.keys() == {"own_value", "distance"}
    np.testing.assert_allclose(more["own_value"], replayed[2][:, :-1].mean(), rtol=1e-5)
    np.testing.assert_allclose(total, plain, rtol=1e-6)
    for got, want in zip(jax.tree.leaves(same), jax.tree.leaves(gradient), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-7)


def test_every_stream_is_in_one_minibatch_an_epoch():
    streams = learning.shuffled_minibatches(jax.random.key(0), 12, epochs=3, minibatches=4)
    assert streams.shape == (12, 3)
    epochs = np.asarray(streams).reshape(3, 12)
    for epoch in epochs:
        assert sorted(epoch) == list(range(12))
    assert np.any(epochs[0] != epochs[1])
