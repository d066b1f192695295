"""Playing fresh episodes with an agent that no longer learns."""

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, Key

from engrax.agents.base import AbstractAgent
from engrax.envs.base import AbstractEnvironment
from engrax.runtime.rollout import Actor, act, advance, start

STREAMS = 256


class Played(NamedTuple):
    """Whole episodes, one number each.

    Attributes:
        returns: sums of rewards, undiscounted.
        successes: whether each succeeded; None where the task does not say.
        lengths: steps, that of the reset included.
    """

    returns: np.ndarray
    successes: np.ndarray | None
    lengths: np.ndarray


class Progress(eqx.Module):
    """One stream until its first episode has ended; what it does after that does not count."""

    actor: Actor
    ended: Bool[Array, "*b"]
    total: Float[Array, "*b"]
    length: Int[Array, "*b"]
    success: Bool[Array, "*b"]


def play(
    agent: AbstractAgent[Any], environment: AbstractEnvironment[Any], *, episodes: int, seed: int, greedy: bool = False
) -> Played:
    """Plays fresh episodes, each from a reset and an empty memory, so that long and short ones count alike.

    Args:
        agent: plays; it samples its actions as in training, unless greedy.
        environment: must end its episodes.
        episodes: how many, at least 1.
        seed: the same seed plays the same episodes.
        greedy: whether to take the likeliest action instead of sampling.

    Raises:
        ValueError: for fewer than one episode.
    """
    if episodes < 1:
        raise ValueError(f"episodes is {episodes}, expected at least 1")
    play_round = jax.jit(lambda agent, keys: _round(agent, environment, keys, greedy))
    keys = jax.random.split(jax.random.key(seed), -(-episodes // STREAMS) * min(STREAMS, episodes))
    rounds = keys.reshape(-1, min(STREAMS, episodes))
    ended = [jax.device_get(play_round(agent, round_keys)) for round_keys in rounds]
    total, length, success = (np.concatenate(part)[:episodes] for part in zip(*ended, strict=True))
    stated = "success" in jax.eval_shape(environment.reset, jax.random.key(0))[1].info
    return Played(total, success if stated else None, length)


def _round(agent: AbstractAgent[Any], environment: AbstractEnvironment[Any], keys: Key[Array, " b"], greedy: bool):
    """Returns, lengths and successes of one episode a stream: all step until the last has ended."""

    def step(carry):
        progress, time = carry
        keys_now = jax.vmap(lambda key: jax.random.fold_in(key, time))(keys)
        return jax.vmap(lambda p, key: _advance(agent, environment, p, key, greedy))(progress, keys_now), time + 1

    progress = jax.vmap(lambda key: _open(agent, environment, jax.random.fold_in(key, 0)))(keys)
    going_on = lambda carry: ~jnp.all(carry[0].ended)  # noqa: E731
    progress, _ = jax.lax.while_loop(going_on, step, (progress, jnp.ones((), jnp.int32)))
    return progress.total, progress.length, progress.success


def _open(agent: AbstractAgent[Any], environment: AbstractEnvironment[Any], key: Key[Array, ""]) -> Progress:
    no = jnp.zeros((), bool)
    return Progress(start(agent, environment, key), no, jnp.zeros(()), jnp.ones((), jnp.int32), no)


def _advance(
    agent: AbstractAgent[Any],
    environment: AbstractEnvironment[Any],
    progress: Progress,
    key: Key[Array, ""],
    greedy: bool,
) -> Progress:
    state, action, _ = act(agent, progress.actor, greedy)
    actor = advance(environment, progress.actor, state, action, key)
    success = actor.step.info.get("success", progress.success)
    return Progress(
        actor,
        progress.ended | actor.step.last,
        jnp.where(progress.ended, progress.total, actor.episode_return),
        jnp.where(progress.ended, progress.length, progress.length + 1),
        jnp.where(progress.ended, progress.success, success),
    )
