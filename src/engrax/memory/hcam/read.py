"""The read: attend to chunk summaries, then in detail inside the top k chunks."""

from typing import Literal, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Key

from engrax.nn.checks import check_at_least, check_choice, check_width
from engrax.nn.linear import Initialiser, apply, linear
from engrax.nn.positions import age_code

INVALID_CHUNK = -1e6
UNSELECTED = -1e9
DENSE_CHUNKS_PER_K = 8

ReadInit = Literal["contrast", "identity", "he"]
VALUE_AND_OUTPUT: dict[ReadInit, tuple[Initialiser, Initialiser]] = {
    "contrast": ("identity", "minus_half"),
    "identity": ("identity", "identity"),
    "he": ("he", "he"),
}
"""How values and output of a read start: half of what is remembered is taken away, it is added, or neither."""


class ChunkCache(NamedTuple):
    """What a read needs of M chunks of C rows, projected once when the chunks are written.

    Keys and values have a head's rows side by side: a read takes half the time that it takes with heads innermost.
    """

    keys: Float[Array, "*m h c e"]
    values: Float[Array, "*m h c e"]
    summary_keys: Float[Array, "*m d"]


class Read(NamedTuple):
    """One query's read: the output, the k chunks it chose, and its attention to their rows, averaged over heads."""

    output: Float[Array, " d"]
    chunks: Int[Array, " k"]
    weights: Float[Array, "k c"]


class HierarchicalAttention(eqx.Module):
    """The sparse, detailed read of chunked memories.

    With chunks X_m [C, D], code P of ages, and query x: relevance r_m = <Wq x, Wk mean(X_m)> / sqrt(D); the top k
    chunks are weighted by the softmax of their r; multi-head attention of x inside each (keys and values from
    X_m + P) gives a_m; the output is sum_m softmax(r)_m a_m. Source: Lampinen et al. 2021, section 3 and the
    released module, whose edge cases it keeps: with no valid chunk the first k share the weight evenly.

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
            read_init: of values and output, see `VALUE_AND_OUTPUT`; the rest is `he`, as all is in the released module.

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
        """Reads M chunks of C vectors with one query; chunks that are not `valid` are as good as absent.

        Raises:
            ValueError: where k exceeds the number of chunks.
        """
        return self.read(query, self.project(contents), valid).output

    def project(self, contents: Float[Array, "*m c d"]) -> ChunkCache:
        """Projects whole chunks."""
        contents = jax.lax.stop_gradient(contents)
        rows = self.project_rows(contents, jnp.arange(contents.shape[-2]), contents.shape[-2])
        keys, values = (jnp.swapaxes(row, -3, -2) for row in rows)
        return ChunkCache(keys, values, self.project_summary(contents))

    def project_rows(
        self, rows: Float[Array, "*m d"], places: Int[Array, "*p"], chunk_size: int
    ) -> tuple[Float[Array, "*m h e"], Float[Array, "*m h e"]]:
        """Keys and values, by heads, of vectors that stand at the given places of their chunks."""
        codes = age_code(chunk_size, rows.shape[-1])[places]
        coded = jax.lax.stop_gradient(rows) + jnp.broadcast_to(codes, rows.shape)
        return self._heads(apply(self.detail_key, coded)), self._heads(apply(self.detail_value, coded))

    def project_summary(self, contents: Float[Array, "*m c d"]) -> Float[Array, "*m d"]:
        """The key by which a chunk is found: that of its mean vector."""
        return apply(self.relevance_key, jax.lax.stop_gradient(jnp.mean(contents, axis=-2)))

    def read(self, query: Float[Array, " e"], cache: ChunkCache, valid: Bool[Array, " m"]) -> Read:
        """Reads projected chunks: gathers the top k, then attends inside them."""
        relevance, chosen = self._top_k(self._relevance(query[None], cache, valid[None])[0])
        keys, values = cache.keys[chosen], cache.values[chosen]
        queries = jnp.broadcast_to(self._heads(apply(self.detail_query, query)), (self.top_k, *keys.shape[1::2]))
        attention = self._softmax(jnp.einsum("khe,khce->khc", queries, keys)) * relevance[:, None, None]
        mixed = jnp.sum(jnp.einsum("khc,khce->khe", attention, values), axis=0)
        return Read(apply(self.detail_output, mixed.reshape(-1)), chosen, jnp.mean(attention, axis=1))

    def read_sequence(
        self, queries: Float[Array, "t e"], cache: ChunkCache, valid: Bool[Array, "t m"]
    ) -> Float[Array, "t d"]:
        """Reads with many queries, each of which may see other chunks.

        With few chunks, one masked product over all rows (zero weight outside the top k) does more arithmetic than
        gathering and is much faster; with many, gathering wins. The results are the same.
        """
        if valid.shape[1] > DENSE_CHUNKS_PER_K * self.top_k:
            return jax.vmap(lambda query, seen: self.read(query, cache, seen).output)(queries, valid)
        weights = self._dense_relevance(self._relevance(queries, cache, valid))
        scores = jnp.einsum("the,mhce->htmc", self._heads(apply(self.detail_query, queries)), cache.keys)
        attention = self._softmax(scores) * weights[None, :, :, None]
        mixed = jnp.einsum("htmc,mhce->the", attention, cache.values)
        return apply(self.detail_output, mixed.reshape(queries.shape[0], -1))

    def _relevance(
        self, queries: Float[Array, "t e"], cache: ChunkCache, valid: Bool[Array, "t m"]
    ) -> Float[Array, "t m"]:
        if self.top_k > valid.shape[1]:
            raise ValueError(f"top_k is {self.top_k} but there are only {valid.shape[1]} chunks: lower it to that")
        scores = apply(self.relevance_query, queries) @ cache.summary_keys.T / cache.summary_keys.shape[1] ** 0.5
        return jnp.where(valid, scores, INVALID_CHUNK)

    def _top_k(self, scores: Float[Array, " m"]) -> tuple[Float[Array, " k"], Int[Array, " k"]]:
        chosen = jax.lax.top_k(jax.lax.stop_gradient(scores), self.top_k)[1]
        return jax.nn.softmax(scores[chosen]), chosen

    def _dense_relevance(self, scores: Float[Array, "t m"]) -> Float[Array, "t m"]:
        chosen = jax.lax.top_k(jax.lax.stop_gradient(scores), self.top_k)[1]
        selected = jnp.any(chosen[:, :, None] == jnp.arange(scores.shape[1])[None, None, :], axis=1)
        return jax.nn.softmax(jnp.where(selected, scores, UNSELECTED), axis=-1)

    def _heads(self, rows: Float[Array, "*n d"]) -> Float[Array, "*n h e"]:
        return rows.reshape(*rows.shape[:-1], self.num_heads, -1)

    def _softmax(self, scores: Float[Array, "*n c"]) -> Float[Array, "*n c"]:
        head_size = self.detail_query.weight.shape[0] // self.num_heads
        return jax.nn.softmax(scores / head_size**0.5, axis=-1)
