"""Streams between two steps: how they open, what is pending, and what a step makes of them."""

import jax
import jax.numpy as jnp
import numpy as np

from engrax.runtime import Pure, open_streams
from engrax.runtime.streams import act, advance, pending, split_keys
from engrax.testing.contract import quick_jit
from engrax.types import Continuous, Interface

from .small import TASK, expect_same, make_agent

WORLD, KEYS = Pure(TASK), jax.random.split(jax.random.key(0), 3)


def opened(agent):
    return quick_jit(lambda agent, keys: open_streams(agent, WORLD, keys))(agent, KEYS)


def test_streams_open_with_an_episode_no_action_and_an_empty_state():
    agent = make_agent()
    streams = opened(agent)
    world_keys, agent_keys = split_keys(KEYS)
    expect_same((streams.world, streams.step), WORLD.open(world_keys))
    expect_same(streams.keys, agent_keys)
    assert np.all(streams.step.first)
    np.testing.assert_array_equal(streams.previous_action, [0, 0, 0])
    np.testing.assert_array_equal(streams.episode_return, [0.0, 0.0, 0.0])
    for b in range(3):
        expect_same(jax.tree.map(lambda leaf, b=b: leaf[b], streams.agent), agent.init_state())


def test_no_action_has_the_shape_of_its_kind():
    class Pushed(Pure):
        interface = Interface(TASK.interface.observations, Continuous((0.0, 1.0), (1.0, 2.0)))

    streams = open_streams(make_agent(), Pushed(TASK), KEYS)
    assert (streams.previous_action.shape, streams.previous_action.dtype) == ((3, 2), jnp.float32)


def test_what_is_pending_is_the_step_shown_and_the_action_before():
    streams = opened(make_agent())
    inp = pending(streams)
    expect_same(inp.observation, streams.step.observation)
    assert inp.previous_action is streams.previous_action
    assert inp.previous_reward is streams.step.reward
    assert inp.first is streams.step.first


def test_acting_is_the_agent_s_step_in_every_stream():
    agent = make_agent()
    streams = opened(agent)
    for greedy in (False, True):
        states, actions, output = act(agent, streams, greedy)
        for b in range(3):
            one = jax.tree.map(lambda leaf, b=b: leaf[b], (streams.agent, pending(streams)))
            state, action, out = agent.step(*one, key=streams.keys[b], greedy=greedy)
            got = jax.tree.map(lambda leaf, b=b: leaf[b], (states, output.value))
            for ours, theirs in zip(
                jax.tree.leaves(got), jax.tree.leaves((state, out.value)), strict=True
            ):
                np.testing.assert_allclose(ours, theirs, atol=1e-6)
            assert actions[b] == action


def test_returns_add_up_until_an_episode_opens():
    agent, streams = make_agent(), opened(make_agent())
    step = quick_jit(lambda streams, keys: advance(WORLD, streams, *act(agent, streams)[:2], keys))
    total = np.zeros(3)
    for time in range(12):
        streams = step(streams, jax.random.split(jax.random.key(time), 3))
        first, reward = np.asarray(streams.step.first), np.asarray(streams.step.reward)
        total = np.where(first, 0, total) + reward
        np.testing.assert_array_equal(streams.episode_return, total)
    assert total.shape == (3,)
    assert np.asarray(streams.previous_action).dtype == np.int32
