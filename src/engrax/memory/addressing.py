"""Rows that are found by content, erased and added to: what the NTM and the DNC have in common."""

from typing import NamedTuple, TypeVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from engrax.memory.controller import AbstractStore
from engrax.memory.retroactive import inverse_norms
from engrax.nn.checks import check_at_least
from engrax.types import Recall

S = TypeVar("S")


class Rows(NamedTuple):
    """What rows hold, and since when.

    Every write reaches every row a little. What a write leaves in a row is counted as its weight there times the norm
    of what is added, less what later writes erase: a share of their weight times the mean of what they erase. All that
    a row holds shrinks alike, so that the write which left most can be told without a list of all of them.

    Attributes:
        contents: M, the rows.
        scales: one over the norm of each row; of use in every look-up until the next write.
        left: how much is left of the write that left most in each row.
        ages: steps since that write, its own included; 0 where there was none.
    """

    contents: Float[Array, "n w"]
    scales: Float[Array, " n"]
    left: Float[Array, " n"]
    ages: Int[Array, " n"]


class AbstractRowStore(AbstractStore[S]):
    """Rows with one head that writes and some that read.

    Attributes:
        rows: N.
        width: of a row.
        heads: that read.
    """

    rows: int = eqx.field(static=True)
    width: int = eqx.field(static=True)
    heads: int = eqx.field(static=True)

    def __check_init__(self):
        check_at_least(1, rows=self.rows, width=self.width, heads=self.heads)

    @property
    def reads_size(self) -> int:
        """A row a head."""
        return self.heads * self.width


def empty_rows(rows: int, width: int) -> Rows:
    """Rows of zeros, never written."""
    contents, left = jnp.zeros((rows, width), jnp.float32), jnp.zeros(rows, jnp.float32)
    return Rows(contents, inverse_norms(contents), left, jnp.zeros(rows, jnp.int32))


def look_up(rows: Rows, keys: Float[Array, "k w"], strengths: Float[Array, " k"]) -> Float[Array, "k n"]:
    """Weights over the rows, a softmax of strength * cosine(key, row), with epsilon inside the roots of the norms."""
    cosines = jnp.einsum("kw,nw->kn", keys * inverse_norms(keys)[:, None], rows.contents) * rows.scales[None, :]
    return jax.nn.softmax(strengths[:, None] * cosines, axis=-1)


def write(rows: Rows, weights: Float[Array, " n"], erased: Float[Array, " w"], added: Float[Array, " w"]) -> Rows:
    """M_t(i) = M_{t-1}(i) * (1 - w(i) e) + w(i) a."""
    kept = 1.0 - weights[:, None] * erased[None, :]
    contents = rows.contents * kept + weights[:, None] * added[None, :]
    left = rows.left * (1.0 - weights * jnp.mean(erased))
    new = jax.lax.stop_gradient(weights) * jnp.linalg.norm(jax.lax.stop_gradient(added))
    most = new > left
    ages = jnp.where(most, 1, rows.ages + (rows.ages > 0).astype(jnp.int32))
    return Rows(contents, inverse_norms(contents), jax.lax.stop_gradient(jnp.where(most, new, left)), ages)


def recalled(rows: Rows, weights: Float[Array, "k n"]) -> Recall:
    """What reads after a write looked at: their weights, a mean over heads, and the age of what left most in each row.

    A row that holds most of what was written in this very step is no memory of the past, and is left out.
    """
    valid = rows.ages > 1
    shares = jnp.maximum(jnp.mean(weights, axis=0), 0.0)
    return Recall(jnp.where(valid, shares, 0.0), rows.ages - 1, valid)
