"""Remembered chunks, and multi-head attention inside them."""

from typing import Literal, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, Key

from engrax.nn.linear import Initialiser, apply, linear
from engrax.nn.positions import age_code

RowDtype = Literal["float32", "bfloat16"]
ReadInit = Literal["contrast", "identity", "he"]
VALUE_AND_OUTPUT: dict[ReadInit, tuple[Initialiser, Initialiser]] = {
    "contrast": ("identity", "minus_half"),
    "identity": ("identity", "identity"),
    "he": ("he", "he"),
}
"""Initialisers of values and output: a read subtracts half of a memory, adds it, or is random."""


class Chunks(NamedTuple):
    """M chunks of C vectors that a read may choose from.

    Attributes:
        rows: the vectors, in one array or in several that follow one another, of one dtype.
        means: of each chunk, in float32.
        order: all M places; of chunks of equal relevance the earlier in it are chosen. If not
            given, the order in which they stand.
    """

    rows: tuple[Float[Array, "_ c d"], ...]
    means: Float[Array, "m d"]
    order: Int[Array, " m"] | None = None

    def take(self, chosen: Int[Array, " k"]) -> Float[Array, "k c d"]:
        """The rows of some chunks. Arrays are not joined first: that would copy all of them."""
        start, taken = 0, _taken(self.rows[0], chosen)
        for before, rows in zip(self.rows, self.rows[1:], strict=False):
            start += before.shape[0]
            later = _taken(rows, chosen - start)
            taken = jnp.where((chosen < start)[:, None, None], taken, later)
        return taken


def _taken(rows: Float[Array, "m c d"], places: Int[Array, " k"]) -> Float[Array, "k c d"]:
    """Some chunks of an array; places outside of it give any of them."""
    places = jnp.clip(places, 0, rows.shape[0] - 1)
    return rows.at[places].get(mode="promise_in_bounds")


def chunks_of(contents: Float[Array, "m c d"]) -> Chunks:
    """All chunks of one array."""
    return Chunks((contents,), jnp.mean(contents, axis=1, dtype=jnp.float32))


class Details(eqx.Module):
    """Multi-head attention of a query inside chunks, with the code of ages P: keys and values are
    those of X + P.

    Rows are not projected. The query goes through the keys' weights instead, <W_q x, W_k y> =
    <W_k' W_q x, y>, and the mixed rows through the values' weights: what is remembered depends on
    no parameters. A key's bias adds the same to all scores of a softmax, so that it has no effect.
    All is computed in float32, whatever the rows' dtype.
    """

    query: eqx.nn.Linear
    key: eqx.nn.Linear
    value: eqx.nn.Linear
    output: eqx.nn.Linear
    num_heads: int = eqx.field(static=True)

    @classmethod
    def drawn(
        cls,
        query_size: int,
        size: int,
        num_heads: int,
        read_init: ReadInit,
        keys: Key[Array, " 4"],
    ) -> "Details":
        """With parameters drawn from four keys; see `HierarchicalRead` for the arguments."""
        value_init, output_init = VALUE_AND_OUTPUT[read_init]
        return cls(
            query=linear(query_size, size, key=keys[0], init="he"),
            key=linear(size, size, key=keys[1], init="he"),
            value=linear(size, size, key=keys[2], init=value_init),
            output=linear(size, size, key=keys[3], init=output_init),
            num_heads=num_heads,
        )

    def scores(self, x: Float[Array, " e"], rows: Float[Array, "k c d"]) -> Float[Array, "h k c"]:
        """Of every row, before the softmax, divided by the root of a head's size."""
        query = apply(self.query, x).reshape(self.num_heads, -1)
        absorbed = jnp.einsum("he,hed->hd", query, self._by_heads(self.key))
        coded = apply(self.key, age_code(*rows.shape[1:])).reshape(-1, *query.shape)
        codes = jnp.einsum("he,che->hc", query, coded)
        flat = rows.reshape(-1, rows.shape[-1]).astype(jnp.float32)
        scores = jnp.einsum("hd,rd->hr", absorbed, flat).reshape(-1, *rows.shape[:2])
        return (scores + codes[:, None]) / query.shape[1] ** 0.5

    def mix(
        self, weights: Float[Array, "h k c"], rows: Float[Array, "k c d"]
    ) -> Float[Array, " d"]:
        """The output for weights that sum to 1 in each head."""
        flat, heads = rows.reshape(-1, rows.shape[-1]).astype(jnp.float32), weights.shape[0]
        mixed = jnp.einsum("hr,rd->hd", weights.reshape(heads, -1), flat)
        values = jnp.einsum("hd,hed->he", mixed, self._by_heads(self.value))
        coded = apply(self.value, age_code(*rows.shape[1:])).reshape(-1, *values.shape)
        values += jnp.einsum("hc,che->he", jnp.sum(weights, axis=1), coded)
        return apply(self.output, values.reshape(-1))

    def attend_all(
        self, xs: Float[Array, "t e"], rows: Float[Array, "m c d"], relevance: Float[Array, "t m"]
    ) -> Float[Array, "t d"]:
        """What `mix` of the softmax of `scores` in each chunk, times its relevance, gives for many
        queries: by projecting every row once.
        """
        coded = rows.astype(jnp.float32) + age_code(*rows.shape[1:])[None]
        heads = lambda layer, x: apply(layer, x).reshape(*x.shape[:-1], self.num_heads, -1)  # noqa: E731
        queries, keys, values = (
            heads(self.query, xs),
            heads(self.key, coded),
            heads(self.value, coded),
        )
        scores = jnp.einsum("the,mche->htmc", queries, keys) / queries.shape[-1] ** 0.5
        weights = jax.nn.softmax(scores, axis=-1) * relevance[None, :, :, None]
        mixed = jnp.einsum("htmc,mche->the", weights, values)
        return apply(self.output, mixed.reshape(xs.shape[0], -1))

    def _by_heads(self, layer: eqx.nn.Linear) -> Float[Array, "h e d"]:
        return layer.weight.reshape(self.num_heads, -1, layer.weight.shape[1])
