"""The read: attend to chunk summaries, then in detail inside the top k chunks."""

from typing import Literal, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Key

from engrax.nn.checks import check_at_least, check_choice, check_width
from engrax.nn.linear import Initialiser, apply, linear
from engrax.nn.masking import LOWEST
from engrax.nn.positions import age_code

DENSE_CHUNKS_PER_K = 8

ReadInit = Literal["contrast", "identity", "he"]
VALUE_AND_OUTPUT: dict[ReadInit, tuple[Initialiser, Initialiser]] = {
    "contrast": ("identity", "minus_half"),
    "identity": ("identity", "identity"),
    "he": ("he", "he"),
}
"""Initialisers of values and output: a read subtracts half of a memory, adds it, or is random."""


class ChunkCache(NamedTuple):
    """What a read needs of M chunks of C rows, projected once when the chunks are written.

    Keys and values have a head's rows side by side: a read takes half the time that it takes with
    heads innermost.
    """

    keys: Float[Array, "*m h c e"]
    values: Float[Array, "*m h c e"]
    summary_keys: Float[Array, "*m d"]


class Read(NamedTuple):
    """One read: the output, the k chunks, and attention to their rows, averaged over heads."""

    output: Float[Array, " d"]
    chunks: Int[Array, " k"]
    weights: Float[Array, "k c"]


class HierarchicalAttention(eqx.Module):
    """The sparse, detailed read of chunked memories.

    With chunks X_m [C, D], code P of ages, and query x: relevance r_m = <Wq x, Wk mean(X_m)> /
    sqrt(D); the top k chunks are weighted by the softmax of their r; multi-head attention of x
    inside each (keys and values from X_m + P) gives a_m; the output is sum_m softmax(r)_m a_m.
    Source: Lampinen et al. 2021, section 3 and the released module, whose edge cases it keeps: with
    no valid chunk the first k share the weight evenly.

    No gradient reaches the contents; the projections do learn.
    """

    relevance_query: eqx.nn.Linear
    relevance_key: eqx.nn.Linear
    detail_query: eqx.nn.Linear
    detail_key: eqx.nn.Linear
    detail_value: eqx.nn.Linear
    detail_output: eqx.nn.Linear
    num_heads: int = eqx.field(static=True)
    top_k: int = eqx.field(static=True)

    def __init__(
        self, query_size: int, memory_size: int, num_heads: int, top_k: int, *, key: Key[Array, ""],
        read_init: ReadInit = "he",
    ):  # fmt: skip
        """Args:

            query_size: E, the width of queries.
            memory_size: D, the width of remembered vectors.
            num_heads: of the attention inside a chunk.
            top_k: chunks to attend to in detail.
            key: for the weights.
            read_init: of values and output, see `VALUE_AND_OUTPUT`; the rest is `he`, as all is in
                the released module.

        Raises:
            ValueError: D is odd, the heads do not divide it, k is below 1, or an unknown start.
        """
        check_width(memory_size, num_heads)
        check_at_least(1, query_size=query_size, top_k=top_k)
        check_choice(VALUE_AND_OUTPUT, read_init=read_init)
        keys = jax.random.split(key, 6)
        value_init, output_init = VALUE_AND_OUTPUT[read_init]
        self.relevance_query = linear(query_size, memory_size, key=keys[0], bias=False, init="he")
        self.relevance_key = linear(memory_size, memory_size, key=keys[1], bias=False, init="he")
        self.detail_query = linear(query_size, memory_size, key=keys[2], init="he")
        self.detail_key = linear(memory_size, memory_size, key=keys[3], init="he")
        self.detail_value = linear(memory_size, memory_size, key=keys[4], init=value_init)
        self.detail_output = linear(memory_size, memory_size, key=keys[5], init=output_init)
        self.num_heads, self.top_k = num_heads, top_k

    def __call__(
        self, query: Float[Array, " e"], contents: Float[Array, "m c d"], valid: Bool[Array, " m"]
    ) -> Float[Array, " d"]:
        """Reads M chunks of C vectors with one query; chunks that are not `valid` count as absent.

        Raises:
            ValueError: where k exceeds the number of chunks.
        """
        return self.read(query, self.project(contents), valid).output

    def project(self, contents: Float[Array, "*m c d"]) -> ChunkCache:
        """Projects whole chunks."""
        contents = jax.lax.stop_gradient(contents)
        size = contents.shape[-2]
        rows = self.project_rows(contents, jnp.arange(size, dtype=jnp.int32), size)
        keys, values = (jnp.swapaxes(row, -3, -2) for row in rows)
        return ChunkCache(keys, values, self.project_summary(contents))

    def project_rows(
        self, rows: Float[Array, "*m d"], places: Int[Array, "*p"], chunk_size: int
    ) -> tuple[Float[Array, "*m h e"], Float[Array, "*m h e"]]:
        """Keys and values, by heads, of vectors that stand at the given places of their chunks."""
        codes = age_code(chunk_size, rows.shape[-1])[places]
        coded = jax.lax.stop_gradient(rows) + jnp.broadcast_to(codes, rows.shape)
        return self._heads(apply(self.detail_key, coded)), self._heads(
            apply(self.detail_value, coded)
        )

    def project_summary(self, contents: Float[Array, "*m c d"]) -> Float[Array, "*m d"]:
        """The key by which a chunk is found: that of its mean vector."""
        return apply(self.relevance_key, jax.lax.stop_gradient(jnp.mean(contents, axis=-2)))

    def read(
        self,
        query: Float[Array, " e"],
        cache: ChunkCache,
        valid: Bool[Array, " m"],
        order: Int[Array, " m"] | None = None,
    ) -> Read:
        """Reads projected chunks: gathers the top k, then attends inside them.

        Args:
            query: x.
            cache: M chunks, as `project` gives them.
            valid: which of them may be read.
            order: all M places; of chunks of equal relevance the earlier in it are chosen. By
                default, the order in which they stand.
        """
        scores = self._relevance(query[None], cache, valid[None])
        chosen = self._top_k(scores, order)[0]
        relevance = jax.nn.softmax(scores[0, chosen])[:, None, None]
        keys, values = cache.keys[chosen], cache.values[chosen]
        query = self._heads(apply(self.detail_query, query))
        queries = jnp.broadcast_to(query, (self.top_k, *keys.shape[1::2]))
        attention = self._softmax(jnp.einsum("khe,khce->khc", queries, keys)) * relevance
        mixed = jnp.sum(jnp.einsum("khc,khce->khe", attention, values), axis=0)
        output = apply(self.detail_output, mixed.reshape(-1))
        return Read(output, chosen, jnp.mean(attention, axis=1))

    def read_sequence(
        self,
        queries: Float[Array, "t e"],
        cache: ChunkCache,
        valid: Bool[Array, "t m"],
        order: Int[Array, " m"] | None = None,
    ) -> Float[Array, "t d"]:
        """Reads with many queries, each of which may see other chunks; see `read`.

        With few chunks, one masked product over all rows (zero weight outside the top k) does more
        arithmetic than gathering and is much faster; with many, gathering wins. The results are the
        same.
        """
        if valid.shape[1] > DENSE_CHUNKS_PER_K * self.top_k:
            read = lambda query, seen: self.read(query, cache, seen, order).output  # noqa: E731
            return jax.vmap(read)(queries, valid)
        weights = self._dense_relevance(self._relevance(queries, cache, valid), order)
        details = self._heads(apply(self.detail_query, queries))
        scores = jnp.einsum("the,mhce->htmc", details, cache.keys)
        attention = self._softmax(scores) * weights[None, :, :, None]
        mixed = jnp.einsum("htmc,mhce->the", attention, cache.values)
        return apply(self.detail_output, mixed.reshape(queries.shape[0], -1))

    def _relevance(
        self, queries: Float[Array, "t e"], cache: ChunkCache, valid: Bool[Array, "t m"]
    ) -> Float[Array, "t m"]:
        num_chunks, size = cache.summary_keys.shape
        if self.top_k > num_chunks:
            raise ValueError(
                f"top_k is {self.top_k} and there are {num_chunks} chunks, expected at most all of "
                f"them: set top_k to {num_chunks}"
            )
        scores = apply(self.relevance_query, queries) @ cache.summary_keys.T / size**0.5
        return jnp.where(valid, scores, LOWEST)

    def _top_k(
        self, scores: Float[Array, "t m"], order: Int[Array, " m"] | None
    ) -> Int[Array, "t k"]:
        scores = jax.lax.stop_gradient(scores)
        if order is None:
            return jax.lax.top_k(scores, self.top_k)[1]
        return order[jax.lax.top_k(scores[:, order], self.top_k)[1]]

    def _dense_relevance(
        self, scores: Float[Array, "t m"], order: Int[Array, " m"] | None
    ) -> Float[Array, "t m"]:
        chosen = self._top_k(scores, order)[:, :, None]
        places = jnp.arange(scores.shape[1], dtype=chosen.dtype)
        selected = jnp.any(chosen == places[None, None, :], axis=1)
        return jax.nn.softmax(jnp.where(selected, scores, -jnp.inf), axis=-1)

    def _heads(self, rows: Float[Array, "*n d"]) -> Float[Array, "*n h e"]:
        return rows.reshape(*rows.shape[:-1], self.num_heads, -1)

    def _softmax(self, scores: Float[Array, "*n c"]) -> Float[Array, "*n c"]:
        head_size = self.detail_query.weight.shape[0] // self.num_heads
        return jax.nn.softmax(scores / head_size**0.5, axis=-1)
