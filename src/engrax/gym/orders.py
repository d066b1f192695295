"""What environments are told to do in a turn, beside taking a step.

Nothing here imports JAX: worker processes use it.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from gymnasium import Env

Turn = tuple[Any, Any, Any, Any, Mapping[str, Any]]
"""What one environment gives back from a step: observation, reward, terminated, truncated, info."""


class Open(NamedTuple):
    """Open an episode by a seed."""

    seed: int


class Replay(NamedTuple):
    """Open an episode by a seed, and take these actions in it."""

    seed: int
    actions: Sequence[Any]


Order = Open | Replay


def carry_out(env: Env[Any, Any], order: Order) -> Turn:
    """The turn of an environment; a replay gives its last one.

    A replay whose episode ends before its last action has a reward that is not a number, which no
    saved step has.
    """
    match order:
        case Open(seed):
            return _opened(env, seed)
        case Replay(seed, actions):
            turn = _opened(env, seed)
            for action in actions:
                if turn[2] or turn[3]:
                    observation, _, terminated, truncated, info = turn
                    return observation, math.nan, terminated, truncated, info
                turn = env.step(action)
            return turn


def row(batch: Any, stream: int) -> Any:
    """A stream's part of a batch of actions."""
    if isinstance(batch, dict):
        return {name: row(part, stream) for name, part in batch.items()}
    if isinstance(batch, tuple):
        return tuple(row(part, stream) for part in batch)
    return batch[stream]


def _opened(env: Env[Any, Any], seed: int) -> Turn:
    observation, info = env.reset(seed=seed)
    return observation, 0.0, False, False, info
