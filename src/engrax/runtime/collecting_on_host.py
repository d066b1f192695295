"""Collecting segments in a world that cannot be traced: a loop around the compiled acting step."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any, Protocol, runtime_checkable

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Key, PyTree

from engrax.agents.base import AbstractAgent
from engrax.runtime.acting import Acting, compiled_acting
from engrax.runtime.placement import Placement
from engrax.runtime.segments import assembled, seen_of, step_keys
from engrax.runtime.streams import Episodes, Streams, arrived, pending, split_keys
from engrax.runtime.worlds import Host, World
from engrax.types import Action, Segment, TimeStep


def collect_on_host(
    agent: AbstractAgent[Any],
    world: World,
    streams: Streams,
    keys: Key[Array, " b"],
    length: int,
    carry_state: bool,
    placement: Placement,
) -> tuple[Streams, Segment[Any], Episodes]:
    """See `engrax.runtime.collect`.

    Where a host world has several groups of streams, the agent acts in one while the environments
    of another are stepped.
    """
    acting = compiled_acting(agent, placement)
    packed, state = acting.refresh(acting.parameters, streams.agent)
    # A copy: acting donates its own.
    opening = jax.tree.map(jnp.array, packed) if carry_state else None
    stepping = _Groups(world, streams.world) if isinstance(world, Host) else _Whole(world, streams)
    every = _host_keys(keys, streams.keys, length, stepping.count)
    parts = _parted(replace(streams, agent=state, world=None), stepping.count)
    groups = [
        _Group(index, part, acting, stepping, own)
        for index, (part, own) in enumerate(zip(parts, every, strict=True))
    ]
    for time in range(length):
        for group in groups:
            if time:
                group.take()
            group.act()
    for group in groups:
        group.take()
        group.finish()
    streams = replace(_joined([group.streams for group in groups]), world=stepping.state)
    seen, returns = _joined([(group.seen_in_time(), group.returns_in_time()) for group in groups])
    first = _joined([jnp.swapaxes(own.agent, 0, 1) for own in every])
    segment, episodes = assembled((*seen, first), returns, opening)
    return streams, segment, episodes


class _HostKeys(eqx.Module):
    """The keys of a segment: of the world's T steps, and of the agent's T+1."""

    world: Key[Array, "t b"]
    agent: Key[Array, "n b"]


@eqx.filter_jit
def _host_keys(
    keys: Key[Array, " b"], first: Key[Array, " b"], length: int, groups: int
) -> list[_HostKeys]:
    """The keys of each group."""
    world, agent = jax.vmap(split_keys)(step_keys(keys, length))
    agent = jnp.concatenate([first[None], agent])
    parts = jnp.split(world, groups, axis=1), jnp.split(agent, groups, axis=1)
    return [_HostKeys(*part) for part in zip(*parts, strict=True)]


def _parted(tree: PyTree, groups: int) -> list[PyTree]:
    """Arrays [streams, ...] of each group."""
    return [tree] if groups == 1 else _split(tree, groups)


@partial(jax.jit, static_argnums=1)
def _split(tree: PyTree, groups: int) -> list[PyTree]:
    leaves, structure = jax.tree.flatten(tree)
    parts = zip(*(jnp.split(leaf, groups) for leaf in leaves), strict=True)
    return [jax.tree.unflatten(structure, part) for part in parts]


def _joined(parts: list[Any]) -> Any:
    """The arrays of all groups."""
    return parts[0] if len(parts) == 1 else _concatenated(parts)


@jax.jit
def _concatenated(parts: list[PyTree]) -> PyTree:
    return jax.tree.map(lambda *leaves: jnp.concatenate(leaves), *parts)


@runtime_checkable
class _Stepping(Protocol):
    """Steps a world's streams by groups.

    Attributes:
        count: of groups.
        state: the world's.
    """

    count: int
    state: Any

    def send(self, group: int, actions: Action, keys: Key[Array, " b"]) -> None: ...

    def receive(self, group: int) -> TimeStep: ...


class _Whole:
    """Steps all streams in one call."""

    count = 1

    def __init__(self, world: World, streams: Streams):
        self._world, self.state, self._step = world, streams.world, streams.step

    def send(self, group: int, actions: Action, keys: Key[Array, " b"]) -> None:
        self.state, self._step = self._world.step(self.state, actions, keys)

    def receive(self, group: int) -> TimeStep:
        return self._step


class _Groups:
    """Steps a group of host environments, which other processes may do."""

    def __init__(self, world: Host, state: Any):
        self._world, self.state, self.count = world, state, len(state.groups)

    def send(self, group: int, actions: Action, keys: Key[Array, " b"]) -> None:
        del keys
        self._world.send(self.state, group, actions)

    def receive(self, group: int) -> TimeStep:
        return self._world.receive(self.state, group)


class _Group:
    """The streams of a group through the steps of a segment."""

    def __init__(
        self, index: int, streams: Streams, acting: Acting, stepping: _Stepping, keys: _HostKeys
    ):
        self._index, self.streams, self._acting, self._stepping = index, streams, acting, stepping
        self._keys: Iterator[Any] = zip(keys.world, keys.agent[1:], strict=True)
        self._seen: list[Any] = []
        self._returns: list[np.ndarray] = []

    def act(self) -> None:
        """Acts at the pending steps, and begins the next ones."""
        acting, streams = self._acting, self.streams
        world_keys, agent_keys = next(self._keys)
        state, actions, output = acting.step(
            acting.parameters, streams.agent, pending(streams), streams.keys, False
        )
        self._stepping.send(self._index, actions, world_keys)
        self._seen.append(jax.tree.map(np.asarray, seen_of(streams, output)))
        self._taken = state, actions, agent_keys

    def take(self) -> None:
        """Takes the steps that were begun."""
        step = self._stepping.receive(self._index)
        self.streams = arrived(self.streams, step, *self._taken)
        self._returns.append(np.asarray(self.streams.episode_return))

    def finish(self) -> None:
        """Sees the steps after the last."""
        acting, streams = self._acting, self.streams
        output = acting.last(acting.parameters, streams.agent, pending(streams), streams.keys)
        self._seen.append(jax.tree.map(np.asarray, seen_of(streams, output)))

    def seen_in_time(self) -> Any:
        """What was seen, [streams, T+1, ...]."""
        return jax.tree.map(lambda *leaves: jnp.asarray(np.stack(leaves, axis=1)), *self._seen)

    def returns_in_time(self) -> Array:
        """The returns of the episodes so far, [streams, T]."""
        return jnp.asarray(np.stack(self._returns, axis=1))
