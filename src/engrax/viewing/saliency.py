"""How much a decision depends on each past observation: the size of a gradient.

It goes through all that the agent does, so that it also works for an agent that attends to nothing,
such as an LSTM, and through what a memory stores without gradient in training.
"""

from collections.abc import Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, Key

from engrax.agents.base import AbstractAgent
from engrax.nn.gradients import through_memory
from engrax.nn.senses import AbstractEncoder
from engrax.types import Action, AgentInput

_AT_ONCE = 8
"""Decisions whose gradients are computed together."""
_STEPS = 32
"""Episodes are padded to a multiple of it, so that few lengths are compiled."""


class Nudged(AbstractEncoder):
    """An encoder whose features at each of T steps are changed by a little."""

    encoder: AbstractEncoder
    nudges: Float[Array, "t d"]
    output_size: int = eqx.field(static=True)

    def __init__(self, encoder: AbstractEncoder, nudges: Float[Array, "t d"]):
        """Args: the encoder, and what is added to its features."""
        self.encoder, self.nudges, self.output_size = encoder, nudges, encoder.output_size

    def __call__(self, observation: Array) -> Float[Array, "t d"]:
        """The features of T observations."""
        return self.encoder(observation) + self.nudges


def saliency(
    agent: AbstractAgent[Any],
    inps: AgentInput,
    actions: Action,
    keys: Key[Array, " t"],
    decisions: Sequence[int],
) -> Float[np.ndarray, "m t"] | None:
    """The gradient of the log-probability of actions to the features of each observation so far.

    Args:
        agent: whose encoders are `AbstractEncoder`.
        inps: of a whole episode of T steps, from its first.
        actions: taken, [T].
        keys: that they were taken with, [T].
        decisions: the steps whose actions are looked at.

    Returns:
        Its norm over all features of a step, one row for each decision; 0 for later steps. None
        where the agent has no such encoders.
    """
    length = len(inps.first)
    if not _encoders(agent):
        return None
    padded = -length % _STEPS
    inps, actions, keys = jax.tree.map(lambda leaf: _padded(leaf, padded), (inps, actions, keys))
    rows = []
    for start in range(0, len(decisions), _AT_ONCE):
        chosen = list(decisions[start : start + _AT_ONCE])
        steps = jnp.asarray(chosen + [0] * (_AT_ONCE - len(chosen)), jnp.int32)
        rows.append(np.asarray(_norms(agent, inps, actions, keys, steps))[: len(chosen), :length])
    return np.concatenate(rows) if rows else np.zeros((0, length), np.float32)


def log_probabilities(
    agent: AbstractAgent[Any],
    nudges: list[Float[Array, "t _"]],
    inps: AgentInput,
    actions: Action,
    keys: Key[Array, " t"],
) -> Float[Array, " t"]:
    """Of the actions of an episode, where features of its observations are changed by a little.

    Args:
        agent: acts.
        nudges: for each of the agent's encoders, in the order of its tree.
        inps: of the episode.
        actions: taken.
        keys: that they were taken with.
    """
    changes = iter(nudges)
    nudged = jax.tree.map(
        lambda part: Nudged(part, next(changes)) if _is_encoder(part) else part,
        agent,
        is_leaf=_is_encoder,
    )
    return nudged.unroll(None, inps, actions, keys)[1].policy.log_probability(actions)


def no_nudges(agent: AbstractAgent[Any], length: int) -> list[Float[Array, "t _"]]:
    """Zeros for each of the agent's encoders."""
    return [jnp.zeros((length, one.output_size), jnp.float32) for one in _encoders(agent)]


@eqx.filter_jit
def _norms(
    agent: AbstractAgent[Any],
    inps: AgentInput,
    actions: Action,
    keys: Key[Array, " t"],
    decisions: Int[Array, " m"],
) -> Float[Array, "m t"]:
    length = inps.first.shape[0]
    with through_memory():
        _, pull = jax.vjp(
            lambda nudges: log_probabilities(agent, nudges, inps, actions, keys),
            no_nudges(agent, length),
        )
        (gradients,) = jax.vmap(pull)(jax.nn.one_hot(decisions, length, dtype=jnp.float32))
    squares = [jnp.sum(jnp.square(one), axis=-1) for one in gradients]
    return jnp.sqrt(jnp.sum(jnp.stack(squares), axis=0))


def _encoders(agent: AbstractAgent[Any]) -> list[AbstractEncoder]:
    parts = jax.tree.leaves(agent, is_leaf=_is_encoder)
    return [part for part in parts if _is_encoder(part)]


def _is_encoder(part: object) -> bool:
    return isinstance(part, AbstractEncoder)


def _padded(leaf: Any, count: int) -> Any:
    """The last entry again, so many times: what comes later changes nothing earlier."""
    return jnp.concatenate([leaf, jnp.repeat(leaf[-1:], count, axis=0)])
