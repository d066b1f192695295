"""Rows found by content, erased and added to: the common part of the NTM and the DNC."""

from typing import NamedTuple, TypeVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from engrax.memory.controller import AbstractStore
from engrax.memory.retroactive import inverse_norms
from engrax.nn.checks import check_at_least
from engrax.types import Recall, head_names

S = TypeVar("S")


class Rows(NamedTuple):
    """The contents of rows, and the age of the largest contribution to each.

    Every write changes every row a little. The contribution of a write to a row is its weight times
    the norm of the added vector. Later writes shrink it by their weight times the mean of their
    erase vector. They shrink all contributions to a row alike, so that the largest is known without
    a list.

    Attributes:
        contents: M, the rows.
        scales: one over the norm of each row, kept for look-ups until the next write.
        left: what is left of the largest contribution to each row.
        ages: steps since the write that made it, its own included; 0 where there was none.
    """

    contents: Float[Array, "n w"]
    scales: Float[Array, " n"]
    left: Float[Array, " n"]
    ages: Int[Array, " n"]


class AbstractRowStore(AbstractStore[S]):
    """Rows with one write head and several read heads.

    Attributes:
        rows: N.
        width: of a row.
        heads: number of read heads.
    """

    rows: int = eqx.field(static=True)
    width: int = eqx.field(static=True)
    heads: int = eqx.field(static=True)

    def __check_init__(self):
        check_at_least(1, rows=self.rows, width=self.width, heads=self.heads)

    @property
    def reads_size(self) -> int:
        """One row for each read head."""
        return self.heads * self.width


def empty_rows(rows: int, width: int) -> Rows:
    """Rows of zeros, never written."""
    contents, left = jnp.zeros((rows, width), jnp.float32), jnp.zeros(rows, jnp.float32)
    return Rows(contents, inverse_norms(contents), left, jnp.zeros(rows, jnp.int32))


def without(rows: Rows, row: Int[Array, ""]) -> Rows:
    """Rows of which one was never written; -1 for none."""
    emptied = jnp.arange(rows.ages.shape[0], dtype=jnp.int32) == row
    contents = jnp.where(emptied[:, None], 0.0, rows.contents)
    left, ages = jnp.where(emptied, 0.0, rows.left), jnp.where(emptied, 0, rows.ages)
    return Rows(contents, inverse_norms(contents), left, ages)


def look_up(
    rows: Rows, keys: Float[Array, "k w"], strengths: Float[Array, " k"]
) -> Float[Array, "k n"]:
    """Weights over the rows: a softmax of strength * cosine(key, row).

    Epsilon stands inside the roots of the norms.
    """
    unit_keys = keys * inverse_norms(keys)[:, None]
    cosines = jnp.einsum("kw,nw->kn", unit_keys, rows.contents) * rows.scales[None, :]
    return jax.nn.softmax(strengths[:, None] * cosines, axis=-1)


def write(
    rows: Rows, weights: Float[Array, " n"], erased: Float[Array, " w"], added: Float[Array, " w"]
) -> Rows:
    """M_t(i) = M_{t-1}(i) * (1 - w(i) e) + w(i) a."""
    kept = 1.0 - weights[:, None] * erased[None, :]
    contents = rows.contents * kept + weights[:, None] * added[None, :]
    left = rows.left * (1.0 - weights * jnp.mean(erased))
    new = jax.lax.stop_gradient(weights) * jnp.linalg.norm(jax.lax.stop_gradient(added))
    larger = new > left
    ages = jnp.where(larger, 1, rows.ages + (rows.ages > 0).astype(jnp.int32))
    left = jax.lax.stop_gradient(jnp.where(larger, new, left))
    return Rows(contents, inverse_norms(contents), left, ages)


def recalled(rows: Rows, weights: Float[Array, "k n"]) -> Recall:
    """What reads after a write attended to: the weights of heads, and the age of each row.

    A row whose largest contribution is of the present step is no memory of the past: not valid.
    """
    valid = rows.ages > 1
    shares = jnp.where(valid, jnp.maximum(weights, 0.0), 0.0)
    return Recall(shares, rows.ages - 1, valid, head_names(len(weights)))
