"""What an actor-critic may leave out, and what it may tell besides."""

from dataclasses import replace

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from engrax.agents import ActorCritic, ActorCriticSizes
from engrax.algorithms import PPO, learning
from engrax.envs import Recall
from engrax.memory import LSTM
from engrax.runtime.rollout import rollout, start
from engrax.testing.contract import quick_jit
from engrax.types import AgentInput

GAME = Recall(delay=2)
LENGTH = 13


def agent_of(**sizes):
    make = lambda: ActorCritic(  # noqa: E731
        GAME.observation_spec, 4, memory=LSTM, sizes=ActorCriticSizes(hidden=8, **sizes), key=jax.random.key(0)
    )
    return quick_jit(make)()


@pytest.fixture(scope="module")
def taught():
    """An agent that tells values of actions, and a segment that it acted in."""
    agent = agent_of(action_value=3.0, reconstruction=False)
    keys = jax.random.split(jax.random.key(1))
    play = quick_jit(lambda agent: rollout(agent, GAME, start(agent, GAME, keys[0]), keys[1], LENGTH)[1])
    return agent, play(agent)


@pytest.mark.parametrize("hears", [True, False])
def test_past_actions_are_heard_or_not(hears):
    agent = agent_of(hears_past=hears)
    observation = {name: jnp.ones((1, *spec.shape)) for name, spec in GAME.observation_spec.items()}
    first = jnp.zeros(1, bool)
    one, other = (
        agent.embed(AgentInput(observation, jnp.asarray([action]), jnp.asarray([reward]), first))
        for action, reward in ((1, 0.0), (2, 1.0))
    )
    assert one.shape == (1, agent.memory.input_size)
    assert np.array_equal(one, other) != hears


@pytest.mark.parametrize("heads_hear", [True, False])
def test_heads_may_hear_past_actions_that_memory_does_not(heads_hear):
    agent = agent_of(hears_past=False, heads_hear_past=heads_hear)
    observation = {name: jnp.ones(spec.shape) for name, spec in GAME.observation_spec.items()}
    heard = [AgentInput(observation, jnp.asarray(a), jnp.zeros(()), jnp.asarray(False)) for a in (1, 2)]
    (state, _, one), (same, _, other) = (agent.step(agent.init_state(), i, key=jax.random.key(0)) for i in heard)
    assert eqx.tree_equal(state, same)
    assert np.array_equal(one.auxiliary, other.auxiliary)
    assert np.array_equal(one.logits, other.logits) != heads_hear
    assert np.array_equal(one.value, other.value) != heads_hear


def test_the_return_of_the_action_taken_is_told_where_actions_count(taught):
    agent, segment = taught
    acted = np.asarray([t % 3 == 0 for t in range(LENGTH)], np.float32)
    returns = np.linspace(-1, 1, LENGTH, dtype=np.float32)
    _, outs = agent.unroll(segment.state, segment.inputs, segment.actions, segment.keys)
    got = agent.auxiliary_losses(segment.inputs, outs, segment.actions, jnp.asarray(returns), jnp.asarray(acted))
    (w, b), (v, c) = (
        (np.asarray(layer.weight, float), np.asarray(layer.bias, float)) for layer in agent.action_value.layers
    )
    values = np.maximum(np.asarray(outs.auxiliary)[:-1] @ w.T + b, 0) @ v.T + c
    told = values[np.arange(LENGTH), np.asarray(segment.actions)]
    assert set(got) == {"action_value"}
    np.testing.assert_allclose(got["action_value"], 3.0 * 0.5 * acted * (returns - told) ** 2, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("masked", [True, False])
def test_values_are_trained_where_actions_count_or_everywhere(taught, masked):
    agent, segment = taught
    segments = jax.tree.map(lambda leaf: leaf[None], segment)
    learner = PPO(minibatches=1, policy_mask="choice_phase")
    lesson = learner.prepare(segments)
    _, metrics = eqx.filter_jit(learning.loss)(replace(learner, value_masked=masked), agent, lesson, jnp.zeros(()))
    _, outs = agent.unroll(segment.state, segment.inputs, segment.actions, segment.keys)
    errors = 0.5 * np.square(np.asarray(lesson.targets.returns)[0] - np.asarray(outs.value)[:-1])
    counted = np.asarray(lesson.acted if masked else lesson.valid)[0] == 1
    assert 0 < counted.sum() < LENGTH
    np.testing.assert_allclose(metrics["value_loss"], errors[counted].mean(), rtol=1e-4)
