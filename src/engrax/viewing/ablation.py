"""What a recalled item is worth to a decision: the same step without it."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, Key, PyTree

from engrax.agents.base import AbstractAgent
from engrax.types import Action, AgentInput, Recall

MOST = 16
"""Chunks or rows that are left out at a step: those with the most attention."""


def most_recalled(recall: Recall, most: int = MOST) -> Int[Array, " k"]:
    """The numbers of the groups of items with the most attention.

    Args:
        recall: of one step.
        most: how many, where there are so many.

    Returns:
        The numbers, -1 in place of groups that hold nothing of this episode.
    """
    shares = jnp.sum(recall.mean.reshape(-1, recall.group), axis=-1)
    there = jnp.any(recall.valid.reshape(-1, recall.group), axis=-1)
    best, groups = jax.lax.top_k(jnp.where(there, shares, -1.0), min(most, len(shares)))
    return jnp.where(best >= 0.0, groups, -1)


def effects(
    agent: AbstractAgent[Any],
    state: PyTree,
    inp: AgentInput,
    key: Key[Array, ""],
    action: Action,
    units: Int[Array, " k"],
) -> Float[Array, " k"]:
    """The log-probability of an action, minus that of the same step without a chunk or row.

    Args:
        agent: whose `unit` says what is left out.
        state: before the step.
        inp: its input.
        key: that it was taken with.
        action: the action taken.
        units: what to leave out, one at a time, numbers of groups of the recall; -1 for nothing.

    Returns:
        In nats, one for each: positive where the item speaks for the action.
    """

    def log_probability(unit: Int[Array, ""]) -> Float[Array, ""]:
        other, cut = agent.without(state, unit)
        policy = other.step(cut, inp, key=key)[2].policy
        return policy.log_probability(action)

    whole = log_probability(jnp.int32(-1))
    return whole - jax.vmap(log_probability)(units)


def by_step(
    length: int,
    group: int,
    steps_ago: Int[np.ndarray, "t n"],
    valid: np.ndarray,
    units: Int[np.ndarray, "t k"],
    found: Float[np.ndarray, "t k"],
) -> Float[np.ndarray, "t t"]:
    """Effects by the step of the episode that was left out; NaN where none was.

    Args:
        length: T of the episode.
        group: of the recall.
        steps_ago: of each item, [T, n].
        valid: which items are of this episode, [T, n].
        units: what was left out at each step; -1 for nothing.
        found: the effects.

    Returns:
        One row for each decision. All steps of a chunk have the effect of the chunk. Where several
        rows hold the same step, it has the largest of their effects.
    """
    effect = np.full((length, length), np.nan, np.float32)
    for step, (numbers, values) in enumerate(zip(units, found, strict=True)):
        for unit, value in zip(numbers[numbers >= 0], values[numbers >= 0], strict=True):
            items = slice(unit * group, (unit + 1) * group)
            there = valid[step, items] & (steps_ago[step, items] <= step)
            for past in np.unique(step - steps_ago[step, items][there]):
                if not abs(effect[step, past]) >= abs(value):
                    effect[step, past] = value
    return effect
