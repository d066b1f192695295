"""Learners on small segments, against slow loops."""

from dataclasses import replace

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from engrax.agents import ActorCritic
from engrax.algorithms import IMPALA, PPO, Ramp, learning, make_optimiser, update
from engrax.algorithms.ppo import normalised
from engrax.envs import Recall
from engrax.memory import LSTM
from engrax.runtime.rollout import rollout, start

from oracles import learners as oracle

COMMON = {"minibatches": 2, "policy_mask": "choice_phase", "entropy_cost": 0.03, "trace": 0.9}
LEARNERS = {"ppo": PPO(**COMMON), "impala": IMPALA(**COMMON, value_clip=1.1, trace_clip=0.9)}


@pytest.fixture(scope="module")
def played():
    """An agent, and segments of 4 streams that another agent, a noisy copy, acted in."""
    environment = Recall(delay=2)
    agent = ActorCritic(environment.observation_spec, 4, memory=LSTM, key=jax.random.key(0))

    def segment(key):
        opening, acting = jax.random.split(key)
        return rollout(agent, environment, start(agent, environment, opening), acting, 13)[1]

    segments = eqx.filter_jit(jax.vmap(segment))(jax.random.split(jax.random.key(1), 4))
    noisy = jax.tree.map(
        lambda x: x + 0.2 * jax.random.normal(jax.random.key(2), x.shape), eqx.filter(agent, eqx.is_inexact_array)
    )
    return eqx.combine(noisy, agent), segments


@pytest.fixture(scope="module")
def replayed(played):
    """The outputs of the agent over the segments: logits, values."""
    agent, segments = played
    outs = eqx.filter_jit(jax.vmap(lambda s: agent.unroll(s.state, s.inputs, s.actions, s.keys)[1]))(segments)
    return outs, np.asarray(outs.logits, np.float64), np.asarray(outs.value, np.float64)


def stream(segments, b):
    return jax.tree.map(lambda x: np.asarray(x[b]), segments.steps)


def ratios(segments, logits, b):
    """pi / mu of each action, 1 where it had no effect."""
    actions, behaviour = np.asarray(segments.actions[b]), np.asarray(segments.logits[b])
    steps = stream(segments, b)
    acted = steps.info["choice_phase"][:-1] & ~steps.last[:-1]
    now = [oracle.softmax(logits[b][t])[a] / oracle.softmax(behaviour[t])[a] for t, a in enumerate(actions)]
    return np.where(acted, now, 1.0)


def targets_of(name, segments, logits, values):
    """Advantages and returns of every stream by the oracle, before normalisation."""
    learner = LEARNERS[name]
    results = []
    for b in range(4):
        steps = stream(segments, b)
        rewards, discounts, void = steps.reward[1:], 0.99 * steps.discount[1:], steps.last[:-1]
        if name == "ppo":
            acting = np.asarray(segments.values[b], np.float64)
            advantages = oracle.advantages(rewards, discounts, acting, void, learner.trace)
            results.append((advantages, advantages + acting[:-1]))
        else:
            off = ratios(segments, logits, b)
            returns, advantages = oracle.vtrace(rewards, discounts, values[b], void, off, 0.9, 1.1, 0.9)
            results.append((advantages, returns))
    return [np.stack(part) for part in zip(*results, strict=True)]


@pytest.mark.slow
@pytest.mark.parametrize("name", LEARNERS)
def test_the_loss_equals_the_oracle(name, played, replayed):
    (agent, segments), (outs, logits, values) = played, replayed
    learner = LEARNERS[name]
    lessons = learner.prepare(segments)
    acted, valid = np.asarray(lessons.acted), np.asarray(lessons.valid)
    np.testing.assert_array_equal(valid, ~np.asarray(segments.steps.last[:, :-1]))
    np.testing.assert_array_equal(acted, valid * np.asarray(segments.steps.info["choice_phase"][:, :-1]))
    advantages, returns = targets_of(name, segments, logits, values)
    if name == "ppo":
        counted = advantages[acted == 1]
        advantages = (advantages - counted.mean()) / counted.std()
    own = lambda s, outs, acted: agent.auxiliary_losses(s.inputs, outs, s.actions, s.values[:-1], acted)  # noqa: E731
    extra = jax.vmap(own)(segments, outs, lessons.acted)
    part = oracle.surrogate if name == "ppo" else oracle.policy_gradient
    behaviour = (np.asarray(segments.logits), np.asarray(segments.actions))
    extra = jax.tree.map(np.asarray, extra)
    want = oracle.loss(learner, part, behaviour, (advantages, returns), (logits, values), extra, acted, valid)
    got, _ = eqx.filter_jit(learning.loss)(learner, agent, lessons, jnp.asarray(learner.entropy_cost))
    np.testing.assert_allclose(got, want, rtol=1e-4)


@pytest.mark.slow
def test_the_ratios_of_the_fixture_are_clipped_somewhere_and_somewhere_not(played, replayed):
    found = np.concatenate([ratios(played[1], replayed[1], b) for b in range(4)])
    assert (found > 1.1).any()
    assert ((found < 0.9) & (found > 0)).any()


def test_normalised_advantages_have_mean_0_and_variance_1_where_the_policy_learns():
    mask = jnp.asarray([1.0, 0.0, 1.0, 1.0])
    result = np.asarray(normalised(jnp.asarray([1.0, 99.0, 4.0, 7.0]), mask))[[0, 2, 3]]
    np.testing.assert_allclose([result.mean(), result.var()], [0, 1], atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("name", LEARNERS)
def test_void_transitions_teach_nothing(name, played):
    """The reward and the action that an environment or an agent invents after `last` do not change the loss."""
    agent, segments = played
    void = segments.void
    assert bool(void.any())
    rewards = segments.steps.reward.at[:, 1:].add(jnp.where(void, 50.0, 0.0))
    logits = segments.logits.at[:, :-1, 0].add(jnp.where(void, 3.0, 0.0))
    changed = eqx.tree_at(lambda s: (s.steps.reward, s.logits), segments, (rewards, logits))
    # At `first` an agent ignores the reward; so nothing but the targets could have changed.
    learner, loss = LEARNERS[name], eqx.filter_jit(learning.loss)
    cost = jnp.asarray(0.03)
    want, got = (loss(learner, agent, learner.prepare(each), cost)[0] for each in (segments, changed))
    np.testing.assert_array_equal(got, want)


def test_a_ramp_is_a_line_between_two_levels():
    ramp = Ramp(end=0.2, start=10, updates=100)
    factors = [float(ramp(jnp.asarray(update))) for update in (0, 10, 35, 60, 110, 10_000)]
    np.testing.assert_allclose(factors, [1.0, 1.0, 0.8, 0.6, 0.2, 0.2], rtol=1e-6)
    assert float(Ramp()(jnp.asarray(123))) == 1.0


@pytest.mark.slow
def test_schedules_set_the_size_of_a_step_and_the_weight_of_the_entropy(played):
    agent, segments = played
    learner = replace(
        LEARNERS["ppo"], learning_rate_ramp=Ramp(end=0.5, updates=4), entropy_ramp=Ramp(end=0.0, updates=2)
    )
    learner = replace(learner, epochs=1, minibatches=1)
    optimiser = make_optimiser(agent, learner.max_gradient_norm, learner.adam_epsilon)
    state = optimiser.init(eqx.filter(agent, eqx.is_inexact_array))

    def after(updates):
        changed, _, metrics = eqx.filter_jit(update)(
            learner, optimiser, agent, state, segments, jax.random.key(0), jnp.asarray(updates)
        )
        moved = jax.tree.map(lambda a, b: jnp.abs(a - b).max(), eqx.filter(changed, eqx.is_inexact_array), agent)
        return max(jax.tree.leaves(eqx.filter(moved, eqx.is_array))), metrics

    # Adam's first step has the size of the learning rate, whatever the gradient's.
    (early, first), (late, last) = after(0), after(8)
    np.testing.assert_allclose([early, late], [1e-3, 5e-4], rtol=1e-2)
    np.testing.assert_allclose([first["learning_rate"], last["learning_rate"]], [1e-3, 5e-4], rtol=1e-6)
    np.testing.assert_allclose([first["entropy_cost"], last["entropy_cost"]], [0.03, 0.0], rtol=1e-6)
    np.testing.assert_allclose(first["loss"] - last["loss"], -0.03 * first["entropy"], rtol=1e-4)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: PPO(clip=0.0), "clip is 0.0"),
        (lambda: IMPALA(trace=1.5), "trace is 1.5"),
        (lambda: IMPALA(trace_clip=0.0), "trace_clip is 0.0"),
        (lambda: PPO(discount=-0.1), "discount is -0.1"),
        (lambda: IMPALA(learning_rate=0.0), "learning_rate is 0.0"),
        (lambda: Ramp(updates=0), "updates is 0"),
        (lambda: Ramp(end=-1.0), "end is -1.0"),
    ],
)
def test_settings_that_make_no_sense_are_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_every_stream_is_in_one_minibatch_an_epoch():
    streams = learning.shuffled_minibatches(jax.random.key(0), 12, epochs=3, minibatches=4)
    assert streams.shape == (12, 3)
    for epoch in np.asarray(streams).reshape(3, 12):
        assert sorted(epoch) == list(range(12))
