"""What a memory attended to."""

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int


class Recall(eqx.Module):
    """What a memory attended to in one step.

    Attributes:
        weights: attention per remembered item, 0 where not valid.
        steps_ago: the age of each item in steps, at least 1 where valid.
        valid: whether the slot holds an item of this episode.
    """

    weights: Float[Array, " n"]
    steps_ago: Int[Array, " n"]
    valid: Bool[Array, " n"]


def nothing_recalled() -> Recall:
    """The recall of a memory that attends to no items."""
    return Recall(jnp.zeros((0,), jnp.float32), jnp.zeros((0,), jnp.int32), jnp.zeros((0,), bool))
