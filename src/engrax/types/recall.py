"""What a memory attended to."""

from collections.abc import Sequence
from typing import NamedTuple

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int


class Recall(eqx.Module):
    """What a memory attended to in one step.

    Attributes:
        weights: the attention of each reader to each remembered item, 0 where not valid.
        steps_ago: the age of each item in steps, at least 1 where valid.
        valid: whether the slot holds an item of this episode.
        readers: the name of each reader, such as `layer 1, head 2`.
        group: how many items in a row belong together, as those of a chunk do; n is a multiple.
    """

    weights: Float[Array, "*t r n"]
    steps_ago: Int[Array, "*t n"]
    valid: Bool[Array, "*t n"]
    readers: tuple[str, ...] = eqx.field(static=True)
    group: int = eqx.field(static=True, default=1)

    @property
    def mean(self) -> Float[Array, "*t n"]:
        """The attention to each item, a mean over readers."""
        return jnp.sum(self.weights, axis=-2) / max(len(self.readers), 1)


class Reads(NamedTuple):
    """How the heads of an agent read the rows of a store; over any leading axes.

    Attributes:
        strengths: of each head's key.
        weights: of each row, for each head.
        steps_ago: how many steps before each row was written; 0 where it is empty.
    """

    strengths: Float[Array, "*t k"]
    weights: Float[Array, "*t k n"]
    steps_ago: Int[Array, "*t n"]


def nothing_recalled() -> Recall:
    """The recall of a memory that attends to no items."""
    return Recall(jnp.zeros((0, 0), jnp.float32), jnp.zeros(0, jnp.int32), jnp.zeros(0, bool), ())


def head_names(heads: int) -> tuple[str, ...]:
    """`head 1`, `head 2` and so on: names for the readers of a `Recall`."""
    return tuple(f"head {head + 1}" for head in range(heads))


def layer_names(heads: Sequence[int]) -> tuple[str, ...]:
    """The same for the heads of layers, so many in each: `layer 1, head 1` and so on."""
    each = enumerate(heads, start=1)
    return tuple(f"layer {layer}, {name}" for layer, count in each for name in head_names(count))
