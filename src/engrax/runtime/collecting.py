"""Collecting segments: a scan where the world is pure, a loop around the compiled acting step where
it is not.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Key, PyTree

from engrax.agents.base import AbstractAgent
from engrax.runtime.placement import ONE_DEVICE, Placement, in_turn
from engrax.runtime.streams import (
    Episodes,
    Streams,
    act,
    advance,
    advance_on_host,
    last_output,
    pending,
    split_keys,
    stepped,
)
from engrax.runtime.worlds import World
from engrax.types import AgentInput, AgentOutput, Segment


def collect(
    agent: AbstractAgent[Any],
    world: World,
    streams: Streams,
    keys: Key[Array, " b"],
    length: int,
    *,
    carry_state: bool = True,
    tile: int | None = None,
    placement: Placement = ONE_DEVICE,
) -> tuple[Streams, Segment[Any], Episodes]:
    """Acts for `length` steps of every stream.

    Args:
        agent: acts; the derived parts of its state are refreshed first.
        world: of the streams; it restarts episodes by itself.
        streams: so far.
        keys: one a stream, for the world and the agent.
        length: T.
        carry_state: whether segments carry the state they opened with; not where they open with an
            episode.
        tile: in a pure world, streams that act side by side for all T steps before the next do; all
            if not given. The states of a few streams stay in the caches of a processor.
        placement: in a host world, the devices of the acting step.

    Returns:
        The streams after T steps, the segments [streams, ...], and the episodes that ended in them.
    """
    if not world.pure:
        return _collect_on_host(agent, world, streams, keys, length, carry_state, placement)

    def run(part: tuple[Streams, Key[Array, " b"]]):
        return _collect_traced(agent, world, part[0], part[1], length, carry_state)

    return in_turn(run, (streams, keys), tile)


def _collect_traced(
    agent: AbstractAgent[Any],
    world: World,
    streams: Streams,
    keys: Key[Array, " b"],
    length: int,
    carry_state: bool,
) -> tuple[Streams, Segment[Any], Episodes]:
    packed = over_states(agent.pack, streams.agent)
    streams = replace(streams, agent=over_states(agent.unpack, packed))
    opening = packed if carry_state else None

    def tick(streams: Streams, keys: Key[Array, " b"]):
        states, actions, output = act(agent, streams)
        following = advance(world, streams, states, actions, keys)
        return following, ((*_seen(streams, output), streams.keys), following.episode_return)

    streams, (seen, returns) = jax.lax.scan(tick, streams, step_keys(keys, length))
    final = (
        *_seen(streams, last_output(agent, streams.agent, pending(streams), streams.keys)),
        streams.keys,
    )
    seen = jax.tree.map(lambda all, one: jnp.concatenate([all, one[None]]), seen, final)
    seen, returns = jax.tree.map(lambda leaf: jnp.swapaxes(leaf, 0, 1), (seen, returns))
    segment, episodes = _assembled(seen, returns, opening)
    return streams, segment, episodes


def _collect_on_host(
    agent: AbstractAgent[Any],
    world: World,
    streams: Streams,
    keys: Key[Array, " b"],
    length: int,
    carry_state: bool,
    placement: Placement,
) -> tuple[Streams, Segment[Any], Episodes]:
    parameters, refresh, step, last = compiled_acting(agent, placement)
    packed, state = refresh(parameters, streams.agent)
    # A copy: acting donates its own.
    opening = jax.tree.map(jnp.array, packed) if carry_state else None
    all_keys = _host_keys(keys, streams.keys, length)
    streams, seen, returns = replace(streams, agent=state), [], []
    for world_keys, agent_keys in zip(all_keys.world, all_keys.agent[1:], strict=True):
        state, actions, output = step(
            parameters, streams.agent, pending(streams), streams.keys, False
        )
        seen.append(jax.tree.map(np.asarray, _seen(streams, output)))
        streams = advance_on_host(world, streams, state, actions, world_keys, agent_keys)
        returns.append(np.asarray(streams.episode_return))
    output = last(parameters, streams.agent, pending(streams), streams.keys)
    seen.append(jax.tree.map(np.asarray, _seen(streams, output)))
    whole = jax.tree.map(lambda *leaves: jnp.asarray(np.stack(leaves, axis=1)), *seen)
    seen = (*whole, jnp.swapaxes(all_keys.agent, 0, 1))
    segment, episodes = _assembled(seen, jnp.asarray(np.stack(returns, axis=1)), opening)
    return streams, segment, episodes


def _seen(streams: Streams, output: AgentOutput) -> tuple[Any, ...]:
    """What a segment stores of a step, in its order, up to the keys."""
    return streams.step, streams.previous_action, output.policy, output.value


def over_states(function: Callable[[Any], Any], states: PyTree) -> PyTree:
    """A function of the state of each stream; an agent without memory may have no arrays there."""
    return jax.vmap(function)(states) if jax.tree.leaves(states) else states


def step_keys(keys: Key[Array, " b"], length: int) -> Key[Array, "t b"]:
    """One key per step and stream, of one a stream."""
    return jnp.swapaxes(jax.vmap(lambda key: jax.random.split(key, length))(keys), 0, 1)


class _HostKeys(eqx.Module):
    """The keys of a segment: of the world's T steps, and of the agent's T+1."""

    world: Key[Array, "t b"]
    agent: Key[Array, "n b"]


@eqx.filter_jit
def _host_keys(keys: Key[Array, " b"], first: Key[Array, " b"], length: int) -> _HostKeys:
    world, agent = jax.vmap(split_keys)(step_keys(keys, length))
    return _HostKeys(world, jnp.concatenate([first[None], agent]))


class Acting(NamedTuple):
    """An agent's compiled functions over streams.

    Attributes:
        parameters: of the agent; the functions take them first.
        refresh: the packed states, and the states that `unpack` makes of them.
        step: `step(parameters, states, inputs, keys, greedy)` uses up the states.
        last: `last(parameters, states, inputs, keys)`, the outputs alone.
    """

    parameters: PyTree
    refresh: Callable[..., Any]
    step: Callable[..., Any]
    last: Callable[..., Any]


def compiled_acting(agent: AbstractAgent[Any], placement: Placement = ONE_DEVICE) -> Acting:
    """The compiled functions of an agent, made once for agents that differ in their arrays only."""
    parameters, rest = eqx.partition(agent, eqx.is_array)
    leaves, structure = jax.tree.flatten(rest)
    return Acting(parameters, *_acting_of(structure, tuple(leaves), placement))


@lru_cache(maxsize=8)
def _acting_of(
    structure: Any, leaves: tuple[Any, ...], placement: Placement
) -> tuple[Callable[..., Any], ...]:
    rest = jax.tree.unflatten(structure, leaves)

    def refresh(parameters: PyTree, states: PyTree) -> PyTree:
        def run(parameters: PyTree, states: PyTree):
            agent = eqx.combine(parameters, rest)
            packed = over_states(agent.pack, states)
            return packed, over_states(agent.unpack, packed)

        return placement.over_streams(run, parameters, states)

    def step(
        parameters: PyTree, states: PyTree, inp: AgentInput, keys: Key[Array, " b"], greedy: Any
    ):
        def run(everywhere: Any, each: Any):
            (parameters, greedy), (states, inp, keys) = everywhere, each
            return stepped(eqx.combine(parameters, rest), states, inp, keys, greedy)

        return placement.over_streams(run, (parameters, greedy), (states, inp, keys))

    def last(parameters: PyTree, states: PyTree, inp: AgentInput, keys: Key[Array, " b"]):
        run = lambda parameters, each: last_output(eqx.combine(parameters, rest), *each)  # noqa: E731
        return placement.over_streams(run, parameters, (states, inp, keys))

    return placement.jit(refresh), placement.jit(step, donate_argnums=1), placement.jit(last)


def _assembled(
    seen: tuple[Any, ...], returns: Array, opening: PyTree
) -> tuple[Segment[Any], Episodes]:
    """Segments and episodes, from what was seen, streams first."""
    segment = Segment(*seen, state=opening)
    steps = segment.steps
    success = steps.info["success"][:, 1:] if "success" in steps.info else None
    return segment, Episodes(steps.last[:, 1:], returns, success)
