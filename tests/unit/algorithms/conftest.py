"""Segments that one agent acted in, and another agent that is to learn from them."""

import equinox as eqx
import jax
import numpy as np
import pytest

from engrax.agents import ActorCritic, ActorCriticSizes
from engrax.algorithms.replaying import replay_to_end
from engrax.envs import Recall
from engrax.memory import LSTMSizes
from engrax.runtime import Pure, collect, open_streams
from engrax.testing.contract import quick_jit

STREAMS, LENGTH = 4, 13


@pytest.fixture(scope="session")
def played():
    """An agent, and segments of `Recall` that one with other parameters acted in."""
    world, sizes = Pure(Recall(delay=2)), ActorCriticSizes(memory=LSTMSizes(width=6), hidden=5)

    @quick_jit
    def make(key):
        agent_key, noise_key, open_key, act_key = jax.random.split(key, 4)
        agent = ActorCritic(world.interface, sizes, key=agent_key)
        open_keys, act_keys = (jax.random.split(key, STREAMS) for key in (open_key, act_key))
        streams = open_streams(agent, world, open_keys)
        segments = collect(agent, world, streams, act_keys, LENGTH)[1]
        floats, rest = eqx.partition(agent, eqx.is_inexact_array)
        noisy = jax.tree.map(lambda x: x + 0.5 * jax.random.normal(noise_key, x.shape), floats)
        return eqx.combine(noisy, rest), segments

    return make(jax.random.key(0))


@quick_jit
def replay(agent, segments):
    """The agent's T+1 outputs over the segments."""
    return jax.vmap(lambda segment: replay_to_end(agent, segment))(segments)


@pytest.fixture(scope="session")
def replayed(played):
    """The T+1 outputs of the agent over the segments, its logits and its values."""
    outs = replay(*played)
    return outs, np.asarray(outs.policy.logits, np.float64), np.asarray(outs.value, np.float64)
