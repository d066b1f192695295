"""Collecting segments: a scan where the world is pure, a loop around the compiled acting step where
it is not.
"""

from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Key

from engrax.agents.base import AbstractAgent
from engrax.runtime.acting import over_states
from engrax.runtime.collecting_on_host import collect_on_host
from engrax.runtime.placement import ONE_DEVICE, Placement, in_turn
from engrax.runtime.segments import assembled, seen_of, step_keys
from engrax.runtime.streams import Episodes, Streams, act, advance, last_output, pending
from engrax.runtime.worlds import World
from engrax.types import Segment


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
        return collect_on_host(agent, world, streams, keys, length, carry_state, placement)

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
        return following, ((*seen_of(streams, output), streams.keys), following.episode_return)

    streams, (seen, returns) = jax.lax.scan(tick, streams, step_keys(keys, length))
    final = (
        *seen_of(streams, last_output(agent, streams.agent, pending(streams), streams.keys)),
        streams.keys,
    )
    seen = jax.tree.map(lambda all, one: jnp.concatenate([all, one[None]]), seen, final)
    seen, returns = jax.tree.map(lambda leaf: jnp.swapaxes(leaf, 0, 1), (seen, returns))
    segment, episodes = assembled(seen, returns, opening)
    return streams, segment, episodes
