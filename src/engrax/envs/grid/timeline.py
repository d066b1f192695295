"""Phases of tasks that follow a clock."""

from dataclasses import dataclass
from itertools import accumulate
from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Int


class Moment(NamedTuple):
    """A step's phase, from 0 on, and the steps since that phase began."""

    phase: Int[Array, ""]
    elapsed: Int[Array, ""]


@dataclass(frozen=True)
class Timeline:
    """Phases that follow one another.

    Attributes:
        lengths: of each phase, in steps.
    """

    lengths: tuple[int, ...]

    @property
    def steps(self) -> int:
        """All of them."""
        return sum(self.lengths)

    def at(self, step: Int[Array, ""]) -> Moment:
        """When a step is; steps after the last phase count as in it."""
        starts = jnp.asarray([0, *accumulate(self.lengths[:-1])], jnp.int32)
        phase = jnp.sum((step >= starts[1:]).astype(jnp.int32))
        return Moment(phase, step - starts[phase])
