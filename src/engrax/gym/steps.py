"""One time step of streams whose environments run in Python."""

from collections.abc import Sequence
from typing import NamedTuple

import jax
import numpy as np

from engrax.gym.episodes import digest


class Steps(NamedTuple):
    """One time step of n streams, as `engrax.types.TimeStep` has it, in NumPy.

    The arrays are the caller's own: no later step changes them.

    Attributes:
        observation: by part, `[n, *shape]`.
        reward: float32 `[n]`, of the transition into this step; 0 at `first`.
        discount: float32 `[n]`, 0 only where an episode was terminated; a truncation has 1.
        first: bool `[n]`, an episode opens.
        last: bool `[n]`, an episode closes; the action given next is ignored.
        effective: bool `[n]`, always true.
        info: what is kept of the environment's `info`, `[n, ...]`: `success`, bool, false where it
            says nothing; and `answers` int32 and `known` bool where the interface has a question.
    """

    observation: dict[str, np.ndarray]
    reward: np.ndarray
    discount: np.ndarray
    first: np.ndarray
    last: np.ndarray
    effective: np.ndarray
    info: dict[str, np.ndarray]


def side_by_side(parts: Sequence[Steps]) -> Steps:
    """Steps of several shares of the streams as those of all."""
    if len(parts) == 1:
        return parts[0]
    return jax.tree.map(lambda *leaves: np.concatenate(leaves), *parts)


def digests(steps: Steps) -> list[int]:
    """A hash of each stream's time step."""
    shown = dict(steps.observation)
    shown |= {f".{name}": getattr(steps, name) for name in ("reward", "discount", "first", "last")}
    return [digest(shown, stream) for stream in range(len(steps.first))]


def chosen(
    mask: np.ndarray, these: dict[str, np.ndarray], others: dict[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """These entries `[n, ...]` in the streams where the mask `[n]` is true, the others else."""
    masks = {name: mask.reshape(-1, *(1,) * (part.ndim - 1)) for name, part in these.items()}
    return {name: np.where(masks[name], part, others[name]) for name, part in these.items()}
