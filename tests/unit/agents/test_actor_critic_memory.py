"""What an actor-critic gives to its memory, and what it takes from it beside the output."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from engrax.agents import ActorCritic, ActorCriticSizes
from engrax.agents.actor_critic import key_for_memory
from engrax.algorithms.replaying import before_last, replay
from engrax.envs import Recall
from engrax.memory import Layout, MemoryOutput, NoMemory
from engrax.runtime import Pure, collect, open_streams
from engrax.testing import check_agent
from engrax.testing.contract import quick_jit

GAME, LENGTH = Recall(delay=2), 9


class Noisy(NoMemory):
    """Remembers nothing, adds noise to its output, and has the square of the noise as a loss."""

    def step(self, state, x, first, *, key=None):
        state, output = super().step(state, x, first)
        noise = jax.random.normal(key, (), jnp.float32)
        return state, MemoryOutput(output.h + noise, auxiliary={"noise": 0.5 * noise**2})

    def unroll(self, state, xs, firsts, *, keys=None):
        step = lambda state, now: self.step(state, *now[:2], key=now[2])  # noqa: E731
        return jax.lax.scan(step, (), (xs, firsts, keys))


def agent_of(layouts):
    """An agent with a noisy memory, and in the list the layout that the memory was built for."""

    def memory(layout, key):
        layouts.append(layout)
        return Noisy(layout, key=key)

    sizes = ActorCriticSizes(hidden=8)
    return ActorCritic(GAME.interface, sizes, memory=memory, key=jax.random.key(0))


def test_a_memory_is_built_for_the_parts_of_the_agent_s_inputs():
    layouts = []
    agent = agent_of(layouts)
    (layout,) = layouts
    assert isinstance(layout, Layout)
    names = [f"observation.{name}" for name in agent.encoders]
    assert [name for name, _ in layout.parts] == [
        *names, "previous_action", "first", "previous_reward",
    ]  # fmt: skip
    streams = open_streams(agent, Pure(GAME), jax.random.split(jax.random.key(1), 2))
    _, segments, _ = collect(
        agent, Pure(GAME), streams, jax.random.split(jax.random.key(2), 2), LENGTH
    )
    inputs, parts = segments.inputs, layout.split(agent.embed(segments.inputs))
    np.testing.assert_array_equal(parts["first"][..., 0], inputs.first)
    reward = np.where(inputs.first, 0, inputs.previous_reward)
    np.testing.assert_array_equal(parts["previous_reward"][..., 0], reward)
    code = np.eye(4)[inputs.previous_action] * ~np.asarray(inputs.first)[..., None]
    np.testing.assert_array_equal(parts["previous_action"], code)


def test_a_memory_draws_the_same_numbers_in_replay_and_its_loss_is_the_agent_s():
    agent, world = agent_of([]), Pure(GAME)

    @quick_jit
    def replayed(agent):
        streams = open_streams(agent, world, jax.random.key(1)[None])
        segment = collect(agent, world, streams, jax.random.key(2)[None], LENGTH)[1]
        segment = jax.tree.map(lambda leaf: leaf[0], segment)
        outs = replay(agent, segment)
        inputs, keys = before_last((segment.inputs, segment.keys))
        zeros = jnp.zeros(LENGTH)
        losses = agent.auxiliary_losses(inputs, outs, segment.actions, zeros, zeros)
        noises = jax.vmap(lambda key: jax.random.normal(key_for_memory(key)))(keys)
        return segment.values[:-1] - outs.value, losses["memory_noise"], noises

    differences, losses, noises = replayed(agent)
    np.testing.assert_allclose(differences, 0, atol=1e-5)
    np.testing.assert_allclose(losses, 0.5 * noises**2, rtol=1e-5)
    assert np.std(noises) > 0.1


def test_an_agent_with_a_memory_that_draws_keeps_the_laws():
    check_agent(agent_of([]), GAME.interface, steps=12)


def test_a_memory_that_returns_an_array_is_told_what_to_return():
    class Bare(NoMemory):
        def step(self, state, x, first, *, key=None):
            return state, super().step(state, x, first)[1].h

    bare = lambda layout, key: Bare(layout, key=key)  # noqa: E731
    agent = ActorCritic(GAME.interface, memory=bare, key=jax.random.key(0))
    with pytest.raises(TypeError, match=r"returned a .* expected a MemoryOutput: return state, "):
        open_and_act(agent)


def open_and_act(agent):
    streams = open_streams(agent, Pure(GAME), jax.random.key(1)[None])
    return collect(agent, Pure(GAME), streams, jax.random.key(2)[None], 2)
