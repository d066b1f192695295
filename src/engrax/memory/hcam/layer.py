"""One HCAM layer: local attention, hierarchical attention over chunks, an MLP."""

from collections.abc import Callable
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Key

from engrax.memory.hcam import clock
from engrax.memory.hcam.chunks import Chunks, RowDtype, chunks_of
from engrax.memory.hcam.read import AbstractRead, Read
from engrax.memory.ring import Recent, RecentAttention, put, put_last
from engrax.nn.gradients import without_gradient
from engrax.nn.linear import MLP, LayerNorm, standardised
from engrax.nn.local_attention import LocalAttention
from engrax.nn.masking import finite


class LayerState(NamedTuple):
    """What a layer remembers: vectors; only `recent` has projections beside them.

    Attributes:
        recent: the last W inputs.
        contents: a ring of M + 1 chunks, in the dtype of rows.
        means: of each chunk.
    """

    recent: Recent
    contents: Float[Array, "s c d"]
    means: Float[Array, "s d"]


PackedLayer = tuple[Float[Array, "w d"], Float[Array, "s c d"], Float[Array, "s d"]]


class HCAMLayer(eqx.Module):
    """x + local(norm x), then x + hierarchical(norm x), then x + mlp(norm x).

    What is stored is the input to the hierarchical block, as it is or with zero mean and unit
    variance (choices), and with zeros in place of numbers that are not finite. An empty memory adds
    exactly zero. Of chunks of equal relevance the newest are read.
    """

    local_norm: LayerNorm
    local: LocalAttention
    block_norm: LayerNorm
    attention: AbstractRead
    mlp_norm: LayerNorm
    mlp: MLP
    chunk_size: int = eqx.field(static=True)
    num_slots: int = eqx.field(static=True)
    bypass: bool = eqx.field(static=True)
    normalise_stored: bool = eqx.field(static=True)
    row_dtype: RowDtype = eqx.field(static=True)
    left_out: Int[Array, ""] | None
    """A slot that steps cannot read, for analysis; None, or -1, for none."""

    def __init__(
        self,
        size: int,
        read: Callable[[Key[Array, ""]], AbstractRead],
        *,
        num_heads: int,
        window: int,
        chunk_size: int,
        num_chunks: int,
        mlp_size: int,
        bypass: bool,
        normalise_stored: bool,
        row_dtype: RowDtype,
        key: Key[Array, ""],
    ):
        """Args: as in `HCAMSizes`; `read` makes the read of chunks."""
        local_key, attention_key, mlp_key = jax.random.split(key, 3)
        self.local_norm, self.block_norm = LayerNorm(size), LayerNorm(size)
        self.mlp_norm = LayerNorm(size)
        self.local = LocalAttention(size, num_heads, window, key=local_key)
        self.attention = read(attention_key)
        self.mlp = MLP((size, mlp_size, size), key=mlp_key, last_init="small")
        self.chunk_size, self.num_slots = chunk_size, num_chunks + 1
        self.bypass, self.normalise_stored = bypass, normalise_stored
        self.row_dtype, self.left_out = row_dtype, None

    @property
    def recent(self) -> RecentAttention:
        """The local attention, to normalised inputs."""
        return RecentAttention(self.local, self.local_norm)

    def init_state(self) -> LayerState:
        """Zeros; what is valid follows from the step count alone."""
        slots, size = self.num_slots, self.block_norm.scale.shape[0]
        chunks = jnp.zeros((slots, self.chunk_size, size), self.row_dtype)
        means = jnp.zeros((slots, size), jnp.float32)
        return LayerState(self.recent.init_state(), chunks, means)

    def pack(self, state: LayerState) -> PackedLayer:
        """All but the keys and values of the recent inputs."""
        return state.recent.inputs, state.contents, state.means

    def unpack(self, packed: PackedLayer) -> LayerState:
        """Projects the recent inputs."""
        inputs, contents, means = packed
        return LayerState(self.recent.unpack(inputs), contents, means)

    def step(
        self, state: LayerState, count: Int[Array, ""], x: Float[Array, " d"]
    ) -> tuple[LayerState, Float[Array, " d"], Read]:
        """One step: writes first, so that rings are updated in place, then reads.

        The row being written is in a slot that cannot be read yet.
        """
        recent = self.recent.write(state.recent, count, x)
        x = x + self.recent.attend(recent, count, x)
        state = self._write_chunk(state._replace(recent=recent), count, self._stored(x))
        valid = self.readable(count)
        order = clock.newest_first(count, self.num_slots, self.chunk_size)
        chunks = Chunks((state.contents,), state.means, order)
        read = self.attention.read(self.block_norm(x), chunks, valid)
        return state, self._output(x, read.output, valid), read

    def unroll(
        self,
        state: LayerState | None,
        count: Int[Array, ""],
        steps: Int[Array, " t"],
        xs: Float[Array, "t d"],
    ) -> tuple[LayerState, Float[Array, "t d"]]:
        """The same for all times at once; `steps` are their numbers within their episodes."""
        recent = None if state is None else state.recent
        attended = xs + self.recent.attend_sequence(recent, count, steps, xs)
        stored = self._stored(attended)
        timeline = jnp.concatenate([self._past(state, count), without_gradient(stored)])
        chunks, valid = self._readable(state, count, steps, timeline)
        found = self.attention.read_sequence(self.block_norm(attended), chunks, valid)
        state = self._state_after(state, steps, xs, stored)
        return state, self._output(attended, found, valid)

    def readable(self, count: Int[Array, ""]) -> Bool[Array, " s"]:
        """The slots that step number `count` may read."""
        valid = clock.readable_now(count, self.num_slots, self.chunk_size)
        if self.left_out is None:
            return valid
        return valid & (jnp.arange(self.num_slots, dtype=jnp.int32) != self.left_out)

    def _stored(self, x: Float[Array, "*t d"]) -> Float[Array, "*t d"]:
        stored = standardised(x) if self.normalise_stored else x
        return finite(stored.astype(self.row_dtype))

    def _output(
        self, x: Float[Array, "*t d"], read: Float[Array, "*t d"], valid: Bool[Array, "*t m"]
    ) -> Float[Array, "*t d"]:
        x = self._joined(x, read, jnp.any(valid, axis=-1)[..., None])
        return x + self.mlp(self.mlp_norm(x))

    def _joined(
        self, x: Float[Array, "*t d"], read: Float[Array, "*t d"], found: Bool[Array, "*t 1"]
    ) -> Float[Array, "*t d"]:
        """The block's residual connection: nothing is added where nothing could be read."""
        return x + jnp.where(found, read, 0.0) if self.bypass else jnp.where(found, read, x)

    def _write_chunk(
        self, state: LayerState, count: Int[Array, ""], x: Float[Array, " d"]
    ) -> LayerState:
        slot, place = count // self.chunk_size % self.num_slots, count % self.chunk_size
        contents = put(state.contents, (slot, place), x)
        mean = jnp.mean(contents[slot], axis=0, dtype=jnp.float32)
        return LayerState(state.recent, contents, put(state.means, slot, mean))

    def _past(self, state: LayerState | None, count: Int[Array, ""]) -> Float[Array, "p d"]:
        """The last C - 1 stored rows, oldest first."""
        size, length = self.block_norm.scale.shape[0], self.chunk_size - 1
        if state is None:
            return jnp.zeros((length, size), self.row_dtype)
        rows = state.contents.reshape(-1, size)
        return rows[(count - length + jnp.arange(length, dtype=jnp.int32)) % rows.shape[0]]

    def _readable(
        self,
        state: LayerState | None,
        count: Int[Array, ""],
        steps: Int[Array, " t"],
        timeline: Float[Array, "r d"],
    ) -> tuple[Chunks, Bool[Array, "t m"]]:
        """All chunks that some time of the segment may read, and which time may read which.

        A read needs at least k of them; where a segment cannot complete so many, the rest are never
        readable.
        """
        slots, size = self.num_slots, self.chunk_size
        started = 0 if state is None else size - 1
        most = max((steps.shape[0] - 1 + started) // size, self.attention.least)
        ends = clock.chunk_ends(steps, size, most)
        rows = timeline[ends[:, None] + jnp.arange(size, dtype=jnp.int32)[None, :]]
        new, valid = chunks_of(rows), clock.readable_new(ends, steps, slots, size)
        order = jnp.arange(most - 1, -1, -1, dtype=jnp.int32)
        if state is None:
            return new._replace(order=order), valid
        old_valid = clock.readable_old(count, steps, slots, size)
        old_order = clock.newest_first(count, slots, size)
        means = jnp.concatenate([state.means, new.means])
        order = jnp.concatenate([slots + order, old_order])
        chunks = Chunks((state.contents, *new.rows), means, order)
        return chunks, jnp.concatenate([old_valid, valid], axis=1)

    def _state_after(
        self,
        state: LayerState | None,
        steps: Int[Array, " t"],
        xs: Float[Array, "t d"],
        stored: Float[Array, "t d"],
    ) -> LayerState:
        """The rings after a segment: rows of its last episode in reach are written, then the recent
        ones are projected.
        """
        state = self.init_state() if state is None else state
        rows = state.contents.reshape(-1, xs.shape[1])
        contents = put_last(rows, steps, stored).reshape(state.contents.shape)
        inputs = self.recent.write_sequence(state.recent.inputs, steps, xs)
        means = jnp.mean(contents, axis=1, dtype=jnp.float32)
        return self.unpack((inputs, contents, means))
