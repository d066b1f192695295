"""PPO on small segments, against slow loops."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from engrax.agents import ActorCritic
from engrax.algorithms import PPO, ppo
from engrax.envs import Recall
from engrax.memory import LSTM
from engrax.runtime.rollout import rollout, start

from oracles import ppo as oracle

SETTINGS = PPO(minibatches=2, policy_mask="choice_phase", entropy_cost=0.03, trace=0.9)


@pytest.fixture(scope="module")
def lesson():
    environment = Recall(delay=2)
    agent = ActorCritic(environment.observation_spec, 4, memory=LSTM, key=jax.random.key(0))

    def segment(key):
        opening, acting = jax.random.split(key)
        return rollout(agent, environment, start(agent, environment, opening), acting, 13)[1]

    segments = eqx.filter_jit(jax.vmap(segment))(jax.random.split(jax.random.key(1), 4))
    noisy = jax.tree.map(
        lambda x: x + 0.2 * jax.random.normal(jax.random.key(2), x.shape), eqx.filter(agent, eqx.is_inexact_array)
    )
    other = eqx.combine(noisy, agent)
    return other, segments, jax.vmap(lambda s: ppo.prepare(SETTINGS, s))(segments)


def test_targets_equal_the_oracle(lesson):
    _, segments, lessons = lesson
    for b in range(4):
        steps = jax.tree.map(lambda x, b=b: np.asarray(x[b]), segments.steps)
        want = oracle.advantages(
            steps.reward[1:], 0.99 * steps.discount[1:], np.asarray(segments.values[b]), steps.last[:-1], 0.9
        )
        np.testing.assert_allclose(lessons.advantages[b], want, atol=1e-5)
        np.testing.assert_array_equal(lessons.valid[b], ~steps.last[:-1])
        np.testing.assert_array_equal(lessons.acted[b], steps.info["choice_phase"][:-1])


def test_normalised_advantages_have_mean_0_and_variance_1_where_the_policy_learns(lesson):
    lessons = ppo.normalise(lesson[2])
    acted = np.asarray(lessons.advantages)[np.asarray(lessons.acted) == 1]
    np.testing.assert_allclose([acted.mean(), acted.var()], [0, 1], atol=1e-4)


def test_the_loss_equals_the_oracle(lesson):
    agent, segments, lessons = lesson
    lessons = ppo.normalise(lessons)
    got, _ = eqx.filter_jit(ppo.loss)(SETTINGS, agent, lessons)
    replay = jax.vmap(lambda s: agent.unroll(s.state, s.inputs, s.actions, s.keys)[1])
    outs = eqx.filter_jit(replay)(segments)
    extra = jax.vmap(lambda s, o, r: agent.auxiliary_losses(s.inputs, o, s.actions, r))(segments, outs, lessons.returns)
    numbers = jax.tree.map(np.asarray, ((lessons.advantages, lessons.returns), (outs.logits, outs.value), extra))
    behaviour = (np.asarray(segments.logits), np.asarray(segments.actions))
    masks = (np.asarray(lessons.acted), np.asarray(lessons.valid))
    want = oracle.loss(SETTINGS, behaviour, *numbers, *masks)
    np.testing.assert_allclose(got, want, rtol=1e-4)


def test_void_transitions_and_masked_actions_teach_nothing(lesson):
    """What an agent says at a step that ended an episode does not change the loss."""
    agent, _, lessons = lesson
    changed = eqx.tree_at(lambda x: x.advantages, lessons, jnp.where(lessons.acted == 1, lessons.advantages, 1e6))
    changed = changed._replace(returns=jnp.where(lessons.valid == 1, lessons.returns, -1e6))
    loss = eqx.filter_jit(ppo.loss)
    np.testing.assert_array_equal(loss(SETTINGS, agent, lessons)[0], loss(SETTINGS, agent, changed)[0])


def test_every_stream_is_in_one_minibatch_an_epoch():
    streams = ppo.shuffled_minibatches(jax.random.key(0), 12, epochs=3, minibatches=4)
    assert streams.shape == (12, 3)
    for epoch in np.asarray(streams).reshape(3, 12):
        assert sorted(epoch) == list(range(12))
