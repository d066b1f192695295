"""Means by repetition: what an agent learns within an episode."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from engrax.evaluation.statistics import Mean, mean_ci95
from engrax.types import Repeated

MOST_EPISODES = 0.9
"""A repetition counts if at least this share of the episodes reached it: of later ones only those
of fast episodes would be seen."""


class Repetitions(eqx.Module):
    """Sums over an episode by repetition.

    Attributes:
        total: of the values.
        count: how many values there were.
        repeated: what is repeated; None if nothing.
    """

    total: Float[Array, "*b n"]
    count: Int[Array, "*b n"]
    repeated: Repeated | None = eqx.field(static=True)

    @classmethod
    def none(cls, repeated: Repeated | None, episodes: int) -> "Repetitions":
        """Before anything was played."""
        shape = episodes, 0 if repeated is None else repeated.most
        return cls(jnp.zeros(shape, jnp.float32), jnp.zeros(shape, jnp.int32), repeated)

    def after(self, info: Mapping[str, Any], counted: Any) -> "Repetitions":
        """After a step of each episode.

        Args:
            info: of the steps.
            counted: whose step is of an episode that is still played, bool [b].
        """
        if self.repeated is None:
            return self
        value, number, ends = (jnp.asarray(info[name]) for name in self.repeated[:3])
        here = jax.nn.one_hot(number, self.repeated.most, dtype=jnp.int32)
        here = jnp.where((counted & ends)[:, None], here, 0)
        values = here.astype(jnp.float32) * value.astype(jnp.float32)[:, None]
        return Repetitions(self.total + values, self.count + here, self.repeated)


class RepetitionMean(NamedTuple):
    """The mean of one repetition over episodes, each of which counts alike.

    Attributes:
        number: of the repetition, from 0 on.
        mean: over the episodes that reached it.
        reached: their share.
    """

    number: int
    mean: Mean
    reached: float


def means_of(found: Repetitions) -> tuple[RepetitionMean, ...]:
    """The mean of each repetition, as long as most episodes reached it."""
    total, count = np.asarray(found.total, np.float64), np.asarray(found.count)
    means = []
    for number in range(count.shape[1]):
        there = count[:, number] > 0
        if there.mean() < MOST_EPISODES:
            break
        values = total[there, number] / count[there, number]
        means.append(RepetitionMean(number, mean_ci95(values), float(there.mean())))
    return tuple(means)
