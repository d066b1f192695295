"""Playing fresh episodes with an agent that no longer learns."""

from collections.abc import Callable
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, Key

from engrax.agents.base import AbstractAgent, check_interface
from engrax.evaluation.repetitions import Repetitions
from engrax.runtime.acting import compiled_acting
from engrax.runtime.streams import (
    Streams,
    act,
    advance,
    advance_on_host,
    keys_at,
    open_streams,
    pending,
    turn_keys,
)
from engrax.runtime.worlds import World, as_world

STREAMS = 256
"""Episodes played side by side in a pure world."""
HOST_STREAMS = 32
"""The same in a host world, whose environments are made for it."""


class Played(NamedTuple):
    """Whole episodes, one number each.

    Attributes:
        returns: sums of rewards, undiscounted.
        successes: whether each succeeded; None where the task does not say.
        lengths: steps, that of the reset included.
        repetitions: sums by repetition.
    """

    returns: Any
    successes: Any
    lengths: Any
    repetitions: Repetitions


class Progress(eqx.Module):
    """Streams until their first episode has ended; later steps are ignored."""

    streams: Streams
    ended: Bool[Array, "*b"]
    total: Float[Array, "*b"]
    length: Int[Array, "*b"]
    success: Bool[Array, "*b"]
    repetitions: Repetitions


def play(
    agent: AbstractAgent[Any],
    world: object,
    *,
    episodes: int,
    seed: int,
    greedy: bool = False,
    progress: Callable[[int], object] = lambda played: None,
) -> Played:
    """Plays fresh episodes, each from a reset and an empty memory, so that long and short ones
    count alike.

    Args:
        agent: plays; it samples its actions as in training, unless greedy.
        world: a world, or what `engrax.runtime.as_world` makes one of; it must end its episodes.
        episodes: how many, at least 1.
        seed: the same seed plays the same episodes.
        greedy: whether to take the most likely action instead of sampling.
        progress: called with the number of episodes played so far.

    Raises:
        ValueError: for fewer than one episode.
        UserError: the agent was made for another interface.
    """
    if episodes < 1:
        raise ValueError(f"episodes is {episodes}, expected at least 1")
    world = as_world(world)
    check_interface(agent, world.interface)
    side_by_side = min(STREAMS if world.pure else HOST_STREAMS, episodes)
    keys = jax.random.split(jax.random.key(seed), -(-episodes // side_by_side) * side_by_side)
    play_round, rounds = _player(agent, world, greedy), []
    for round_keys in keys.reshape(-1, side_by_side):
        rounds.append(jax.device_get(play_round(round_keys)))
        progress(min(len(rounds) * side_by_side, episodes))
    return jax.tree.map(lambda *parts: np.concatenate(parts)[:episodes], *rounds)


def _player(
    agent: AbstractAgent[Any], world: World, greedy: bool
) -> Callable[[Key[Array, " b"]], Played]:
    """Plays one episode a key."""
    if not world.pure:
        return lambda keys: _round_on_host(agent, world, keys, greedy)
    compiled = eqx.filter_jit(lambda agent, keys: _round(agent, world, keys, greedy))
    return lambda keys: compiled(agent, keys)


def _round(agent: AbstractAgent[Any], world: World, keys: Key[Array, " b"], greedy: bool) -> Played:
    """All streams step until the last has ended."""

    def step(carry):
        progress, time = carry
        streams = progress.streams
        states, actions, _ = act(agent, streams, greedy)
        following = advance(world, streams, states, actions, keys_at(keys, time))
        return _counted(progress, following), time + 1

    nothing = Repetitions.none(world.interface.repeated, keys.shape[0])
    progress = _opened(open_streams(agent, world, keys_at(keys, 0)), nothing)
    going_on = lambda carry: ~jnp.all(carry[0].ended)  # noqa: E731
    progress, _ = jax.lax.while_loop(going_on, step, (progress, jnp.ones((), jnp.int32)))
    return _played(progress)


def _round_on_host(
    agent: AbstractAgent[Any], world: World, keys: Key[Array, " b"], greedy: bool
) -> Played:
    """The same, in a loop around the compiled acting step; NumPy does the counting."""
    acting = compiled_acting(agent)
    streams = open_streams(agent, world, keys_at(keys, 0))
    count, time = keys.shape[0], 1
    ended, success = np.zeros(count, bool), np.zeros(count, bool)
    total, length = np.zeros(count, np.float32), np.ones(count, np.int32)
    repetitions = Repetitions.none(world.interface.repeated, count)
    while not ended.all():
        given = streams.agent, pending(streams), streams.keys, greedy
        states, actions, _ = acting.step(acting.parameters, *given)
        streams = advance_on_host(world, streams, states, actions, *turn_keys(keys, time))
        total = np.where(ended, total, streams.episode_return)
        repetitions = repetitions.after(streams.step.info, ~ended)
        length, time = length + ~ended, time + 1
        success = np.where(ended, success, streams.step.info.get("success", success))
        ended = ended | np.asarray(streams.step.last)
    stated = "success" in streams.step.info
    return Played(total, success if stated else None, length, repetitions)


def _played(progress: Progress) -> Played:
    stated = "success" in progress.streams.step.info
    success = progress.success if stated else None
    return Played(progress.total, success, progress.length, progress.repetitions)


def _opened(streams: Streams, nothing: Repetitions) -> Progress:
    count = streams.keys.shape[0]
    no = jnp.zeros(count, bool)
    total, length = jnp.zeros(count, jnp.float32), jnp.ones(count, jnp.int32)
    return Progress(streams, no, total, length, no, nothing)


def _counted(progress: Progress, following: Streams) -> Progress:
    """The progress after a step."""
    step, ended = following.step, progress.ended
    success = step.info.get("success", progress.success)
    return Progress(
        following,
        ended | step.last,
        jnp.where(ended, progress.total, following.episode_return),
        jnp.where(ended, progress.length, progress.length + 1),
        jnp.where(ended, progress.success, success),
        progress.repetitions.after(step.info, ~ended),
    )
