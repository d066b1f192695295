"""Streams of an agent in a world, and the functions that advance them by a step."""

from dataclasses import replace
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, Key, PyTree

from engrax.agents.base import AbstractAgent
from engrax.gym.host import HostEnvironments
from engrax.runtime.worlds import Host, World
from engrax.types import Action, AgentInput, AgentOutput, Interface, TimeStep


class Streams(eqx.Module):
    """Streams between two steps, at time steps that the agent has not received yet.

    Attributes:
        world: the world's state.
        step: the time steps it shows.
        previous_action: the actions that led to them.
        agent: the agent's states before these steps.
        keys: the keys the agent will be given at these steps.
        episode_return: the sums of rewards of the episodes so far.
    """

    world: PyTree[Any]
    step: TimeStep
    previous_action: Action
    agent: PyTree[Any]
    keys: Key[Array, "*b"]
    episode_return: Float[Array, "*b"]


class Episodes(NamedTuple):
    """Which of T transitions ended an episode, its return, and whether it succeeded: [streams, T]
    each.
    """

    last: Bool[Array, "*t"]
    returns: Float[Array, "*t"]
    success: Bool[Array, "*t"] | None


def open_streams(
    agent: AbstractAgent[Any],
    world: World,
    keys: Key[Array, " b"],
    made: HostEnvironments | None = None,
) -> Streams:
    """Opens one stream per key: a fresh episode, and the agent's state before its first step.

    Args:
        agent: whose states are opened.
        world: of the streams.
        keys: one a stream.
        made: environments of a host world to use again, as many.
    """
    world_keys, agent_keys = split_keys(keys)
    if made is not None and isinstance(world, Host):
        state, step = world.reopen(made, world_keys)
    else:
        state, step = world.open(world_keys)
    empty, none = beginning(agent, world.interface, keys.shape[0])
    return Streams(state, step, none, empty, agent_keys, jnp.zeros(keys.shape[0], jnp.float32))


def beginning(
    agent: AbstractAgent[Any], interface: Interface, streams: int
) -> tuple[PyTree, Action]:
    """The agent's states before the first steps of streams, and that there was no action yet."""
    each = lambda leaf: jnp.broadcast_to(leaf, (streams, *leaf.shape))  # noqa: E731
    return jax.tree.map(each, agent.init_state()), each(interface.actions.none())


def split_keys(keys: Key[Array, " b"]) -> tuple[Key[Array, " b"], Key[Array, " b"]]:
    """Two keys of each."""
    pairs = jax.vmap(jax.random.split)(keys)
    return pairs[:, 0], pairs[:, 1]


def keys_at(keys: Key[Array, " b"], time: int | Int[Array, ""]) -> Key[Array, " b"]:
    """A key a stream for a step, the same whatever happened before it."""
    return jax.vmap(lambda key: jax.random.fold_in(key, time))(keys)


@jax.jit
def turn_keys(keys: Key[Array, " b"], time: int | Int[Array, ""]):
    """The keys of the world and of the agent for a step, compiled: for loops on the host."""
    return split_keys(keys_at(keys, time))


def pending(streams: Streams) -> AgentInput:
    """The next input of the agent."""
    step = streams.step
    return AgentInput(step.observation, streams.previous_action, step.reward, step.first)


def act(
    agent: AbstractAgent[Any], streams: Streams, greedy: bool | Bool[Array, ""] = False
) -> tuple[PyTree, Action, AgentOutput]:
    """The agent's next states, actions and outputs at the pending steps."""
    return stepped(agent, streams.agent, pending(streams), streams.keys, greedy)


def stepped(
    agent: AbstractAgent[Any],
    states: PyTree,
    inp: AgentInput,
    keys: Key[Array, " b"],
    greedy: bool | Bool[Array, ""],
) -> tuple[PyTree, Action, AgentOutput]:
    """`agent.step` of every stream."""
    step = lambda state, inp, key: agent.step(state, inp, key=key, greedy=greedy)  # noqa: E731
    return jax.vmap(step)(states, inp, keys)


def last_output(
    agent: AbstractAgent[Any], states: PyTree, inp: AgentInput, keys: Key[Array, " b"]
) -> AgentOutput:
    """What `agent.step` of every stream puts out, where its state is not needed.

    By `unroll` of the one input: a memory need not be written, and so not be copied.
    """

    def one(state: PyTree, inp: AgentInput, key: Key[Array, ""]) -> AgentOutput:
        inps, keys = jax.tree.map(lambda x: x[None], (inp, key))
        return jax.tree.map(
            lambda x: x[0], agent.unroll(state, inps, inps.previous_action, keys)[1]
        )

    return jax.vmap(one)(states, inp, keys)


def advance(
    world: World, streams: Streams, states: PyTree, actions: Action, keys: Key[Array, " b"]
) -> Streams:
    """The streams after the agent's states and actions of a step."""
    world_keys, agent_keys = split_keys(keys)
    state, step = world.step(streams.world, actions, world_keys)
    before = jnp.where(step.first, 0.0, streams.episode_return)
    return Streams(state, step, actions, states, agent_keys, before + step.reward)


def advance_on_host(
    world: World,
    streams: Streams,
    states: PyTree,
    actions: Action,
    world_keys: Key[Array, " b"],
    agent_keys: Key[Array, " b"],
) -> Streams:
    """`advance` outside of a compiled program: keys are given."""
    state, step = world.step(streams.world, actions, world_keys)
    return replace(arrived(streams, step, states, actions, agent_keys), world=state)


def arrived(
    streams: Streams, step: TimeStep, states: PyTree, actions: Action, agent_keys: Key[Array, " b"]
) -> Streams:
    """The streams at the next step of their world, outside of a compiled program.

    NumPy sums the returns: small JAX operations outside of a program would take longer than the
    environments.
    """
    before = np.where(step.first, np.float32(0), streams.episode_return)
    total = jnp.array(before + np.asarray(step.reward))
    return Streams(streams.world, step, actions, states, agent_keys, total)
