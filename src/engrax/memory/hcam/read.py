"""The read of a layer's chunks: which chunks a step attends to, and how."""

import abc
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Key

from engrax.memory.hcam.chunks import VALUE_AND_OUTPUT, Chunks, Details, ReadInit, chunks_of
from engrax.nn.checks import check_at_least, check_choice, check_width
from engrax.nn.gradients import without_gradient
from engrax.nn.linear import apply, linear
from engrax.nn.masking import LOWEST

DENSE_CHUNKS_PER_K, MOST_TAKEN = 8, 2**19
"""When a sequence of reads is one masked product over all chunks: where there are at most so many
for each that a query reads, and the chunks of all queries would have more numbers than this
(measured).
"""


class Read(NamedTuple):
    """One read: the output, which chunks were read, and each head's attention to their rows."""

    output: Float[Array, " d"]
    chunks: Int[Array, " k"]
    weights: Float[Array, "h k c"]


class AbstractRead(eqx.Module):
    """Reads chunks with a query. No gradient reaches what is remembered."""

    @property
    def least(self) -> int:
        """Chunks that a read must be offered, valid or not."""
        return 1

    @abc.abstractmethod
    def read(self, query: Float[Array, " e"], chunks: Chunks, valid: Bool[Array, " m"]) -> Read:
        """Reads those chunks that are valid."""

    def read_sequence(
        self, queries: Float[Array, "t e"], chunks: Chunks, valid: Bool[Array, "t m"]
    ) -> Float[Array, "t d"]:
        """The outputs of many queries, each of which may see other chunks; see `read`."""
        read = lambda query, seen: self.read(query, chunks, seen).output  # noqa: E731
        return jax.vmap(read)(queries, valid)

    def __call__(
        self, query: Float[Array, " e"], contents: Float[Array, "m c d"], valid: Bool[Array, " m"]
    ) -> Float[Array, " d"]:
        """Reads M chunks of C vectors with one query; chunks that are not `valid` count as absent.

        Raises:
            ValueError: fewer chunks are there than the read needs.
        """
        return self.read(query, chunks_of(contents), valid).output


class HierarchicalRead(AbstractRead):
    """The sparse, detailed read of chunked memories.

    With chunks X_m [C, D], code P of ages, and query x: relevance r_m = <Wq x, Wk mean(X_m)> /
    sqrt(D); the top k chunks are weighted by the softmax of their r; multi-head attention of x
    inside each (keys and values from X_m + P) gives a_m; the output is sum_m softmax(r)_m a_m.
    Source: Lampinen et al. 2021, section 3 and the released module, whose edge cases it keeps: with
    no valid chunk the first k share the weight evenly.
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
        self.relevance_query = linear(query_size, memory_size, key=keys[0], bias=False, init="he")
        self.relevance_key = linear(memory_size, memory_size, key=keys[1], bias=False, init="he")
        details = Details.drawn(query_size, memory_size, num_heads, read_init, keys[2:])
        self.detail_query, self.detail_key = details.query, details.key
        self.detail_value, self.detail_output = details.value, details.output
        self.num_heads, self.top_k = num_heads, top_k

    @property
    def least(self) -> int:
        """k chunks."""
        return self.top_k

    def read(self, query: Float[Array, " e"], chunks: Chunks, valid: Bool[Array, " m"]) -> Read:
        """The top k chunks, then attention inside them."""
        chunks = without_gradient(chunks)
        scores = self._relevance(query, chunks.means, valid)
        chosen = self._top_k(scores, chunks.order)
        relevance = jax.nn.softmax(scores[chosen])
        rows, details = chunks.take(chosen), self._details
        weights = jax.nn.softmax(details.scores(query, rows), axis=-1) * relevance[None, :, None]
        return Read(details.mix(weights, rows), chosen, weights)

    def read_sequence(
        self, queries: Float[Array, "t e"], chunks: Chunks, valid: Bool[Array, "t m"]
    ) -> Float[Array, "t d"]:
        """Many reads. Where few chunks are there and every query would take a large part of them,
        all rows are projected once and read in one masked product; the results are the same.
        """
        num_chunks, taken = valid.shape[1], queries.shape[0] * self.top_k * chunks.rows[0][0].size
        if taken <= MOST_TAKEN or num_chunks > DENSE_CHUNKS_PER_K * self.top_k:
            return super().read_sequence(queries, chunks, valid)
        chunks = without_gradient(chunks)
        relevance = jax.vmap(lambda query, seen: self._relevance(query, chunks.means, seen))
        scores = relevance(queries, valid)
        chosen = jax.vmap(lambda one: self._top_k(one, chunks.order))(scores)[:, :, None]
        selected = jnp.any(chosen == jnp.arange(num_chunks, dtype=chosen.dtype)[None, None], axis=1)
        weights = jax.nn.softmax(jnp.where(selected, scores, -jnp.inf), axis=-1)
        return self._details.attend_all(queries, jnp.concatenate(chunks.rows), weights)

    @property
    def _details(self) -> Details:
        parts = self.detail_query, self.detail_key, self.detail_value, self.detail_output
        return Details(*parts, self.num_heads)

    def _relevance(
        self, query: Float[Array, " e"], means: Float[Array, "m d"], valid: Bool[Array, " m"]
    ) -> Float[Array, " m"]:
        num_chunks, size = means.shape
        if self.top_k > num_chunks:
            raise ValueError(
                f"top_k is {self.top_k} and there are {num_chunks} chunks, expected at most all of "
                f"them: set top_k to {num_chunks}"
            )
        absorbed = apply(self.relevance_query, query) @ self.relevance_key.weight
        return jnp.where(valid, means @ absorbed / size**0.5, LOWEST)

    def _top_k(
        self, scores: Float[Array, " m"], order: Int[Array, " m"] | None
    ) -> Int[Array, " k"]:
        scores = jax.lax.stop_gradient(scores)
        if order is None:
            return jax.lax.top_k(scores, self.top_k)[1]
        return order[jax.lax.top_k(scores[order], self.top_k)[1]]
