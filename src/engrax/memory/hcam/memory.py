"""The HCAM memory: a stack of layers under the memory contract."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import ClassVar, get_args

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Key

from engrax.memory.arguments import check_step, check_unroll
from engrax.memory.base import AbstractMemory, AbstractMemorySizes, MemoryOutput
from engrax.memory.hcam import clock
from engrax.memory.hcam.chunks import VALUE_AND_OUTPUT, ReadInit, RowDtype
from engrax.memory.hcam.layer import HCAMLayer, LayerState, PackedLayer
from engrax.memory.hcam.read import AbstractRead, HierarchicalRead, Read
from engrax.memory.layout import Layout
from engrax.memory.ring import episode_steps
from engrax.nn.checks import check_at_least, check_choice, check_width
from engrax.nn.linear import LayerNorm, apply, linear
from engrax.types import Recall, layer_names


@dataclass(frozen=True, kw_only=True)
class HCAMSizes(AbstractMemorySizes):
    """Hierarchical chunk attention memory."""

    width: int = 64
    """Width of every layer and of the output."""
    num_layers: int = 2
    """Stacked layers, each with a memory of its own activations."""
    num_heads: int = 4
    """Attention heads; they divide the width."""
    chunk_size: int = 16
    """Steps in a chunk."""
    num_chunks: int = 8
    """Complete chunks that stay readable; the oldest is dropped."""
    top_k: int = 2
    """Chunks that a step attends to in detail."""
    window: int = 16
    """Steps of local attention, the present one included; at least a chunk."""
    mlp_size: int = 128
    """Hidden units of a layer's MLP."""
    read_init: ReadInit = "contrast"
    """What a read does at first: `contrast` (half of what is remembered is subtracted from the
    present, so that differences stand out; ours), `identity` (it is added; ours), or `he` (random,
    as in the released module)."""

    bypass: bool = True
    """Whether what a layer reads is added to what it has; if not, it takes its place."""
    normalise_stored: bool = False
    """Whether what is remembered gets zero mean and unit variance first, so that attention to it
    cannot become hard as activations grow (ours)."""
    row_dtype: RowDtype = "float32"
    """In what the rows of chunks are stored: `bfloat16` takes half of the space (ours)."""

    def __post_init__(self):
        check_width(self.width, self.num_heads)
        check_at_least(1, num_layers=self.num_layers, mlp_size=self.mlp_size)
        check_at_least(1, chunk_size=self.chunk_size, num_chunks=self.num_chunks)
        check_at_least(1, top_k=self.top_k, window=self.window)
        check_choice(VALUE_AND_OUTPUT, read_init=self.read_init)
        check_choice(get_args(RowDtype), row_dtype=self.row_dtype)
        if self.window < self.chunk_size:
            raise ValueError(
                f"window is {self.window} and chunk_size {self.chunk_size}, expected a window of "
                "at least a chunk, or no step would see the steps in between: set window to "
                f"{self.chunk_size}"
            )
        if self.top_k > self.num_chunks:
            raise ValueError(
                f"top_k is {self.top_k} and num_chunks {self.num_chunks}, expected at most all "
                f"chunks: set top_k to {self.num_chunks}, or num_chunks to {self.top_k}"
            )

    def build(self, layout: Layout | int, *, key: Key[Array, ""]) -> "HCAM":
        """Builds the HCAM memory."""
        return HCAM(layout, self, key=key)

    @classmethod
    def tiny(cls) -> "HCAMSizes":
        """Two layers of width 8 with three chunks of 4 steps."""
        return cls(width=8, num_heads=2, chunk_size=4, num_chunks=3, window=4, mlp_size=16)


class HCAMState(eqx.Module):
    """The steps taken of this episode, and what each layer remembers."""

    count: Int[Array, ""]
    layers: tuple[LayerState, ...]


PackedHCAM = tuple[Int[Array, ""], tuple[PackedLayer, ...]]

MakeRead = Callable[[HCAMSizes, int, Key[Array, ""]], AbstractRead]
"""Makes the read of a layer, of the memory's sizes, the layer's index from 0, and a key."""


def hierarchical_read(sizes: HCAMSizes, layer: int, key: Key[Array, ""]) -> HierarchicalRead:
    """The paper's read, the same in every layer."""
    del layer
    width, init = sizes.width, sizes.read_init
    return HierarchicalRead(width, width, sizes.num_heads, sizes.top_k, key=key, read_init=init)


class HCAM(AbstractMemory[HCAMState]):
    """Hierarchical chunk attention memory: recalls a few chunks of the past, in detail.

    Source: Lampinen et al. 2021, arXiv 2105.14039. Four layers of 8 heads, chunks of 32 and k = 8
    in the paper's Ballet agent; the defaults are small.

    Deviations (choices where the paper is silent): local attention with relative positions covers
    the steps that are in no chunk yet; inputs are projected to the width and normalised, and so is
    the output; each layer ends in an MLP.
    Ours: at first a read subtracts half of what is remembered (`read_init`).
    """

    input_projection: eqx.nn.Linear
    input_norm: LayerNorm
    layers: tuple[HCAMLayer, ...]
    output_norm: LayerNorm
    input_size: int = eqx.field(static=True)
    output_size: int = eqx.field(static=True)
    unit: ClassVar[str | None] = "chunk"

    def __init__(
        self,
        layout: Layout | int,
        sizes: HCAMSizes = HCAMSizes(),
        *,
        read: MakeRead = hierarchical_read,
        key: Key[Array, ""],
    ):
        """Draws the parameters.

        Args:
            layout: of inputs.
            sizes: of everything.
            read: makes each layer's read of chunks; see `engrax.memory.hcam.other_reads` for reads
                to compare with.
            key: for the parameters.
        """
        input_size = Layout.of(layout).size
        input_key, *layer_keys = jax.random.split(key, sizes.num_layers + 1)
        self.input_projection = linear(input_size, sizes.width, key=input_key)
        self.layers = tuple(
            HCAMLayer(
                sizes.width,
                partial(read, sizes, index),
                num_heads=sizes.num_heads,
                window=sizes.window,
                chunk_size=sizes.chunk_size,
                num_chunks=sizes.num_chunks,
                mlp_size=sizes.mlp_size,
                bypass=sizes.bypass,
                normalise_stored=sizes.normalise_stored,
                row_dtype=sizes.row_dtype,
                key=layer_key,
            )
            for index, layer_key in enumerate(layer_keys)
        )
        self.input_norm, self.output_norm = LayerNorm(sizes.width), LayerNorm(sizes.width)
        self.input_size, self.output_size = input_size, sizes.width

    @property
    def carries_gradient(self) -> bool:
        """Through local attention only: chunks are stored without gradient, as in the paper."""
        return self.layers[0].local.window > 1

    def init_state(self) -> HCAMState:
        """An empty memory."""
        return HCAMState(
            jnp.zeros((), jnp.int32), tuple(layer.init_state() for layer in self.layers)
        )

    def step(
        self,
        state: HCAMState,
        x: Float[Array, " d"],
        first: Bool[Array, ""],
        *,
        key: Key[Array, ""] | None = None,
    ) -> tuple[HCAMState, MemoryOutput]:
        """One step through the stack, each layer reading its own memory.

        The recall has the heads of all layers and the rows of all chunks, without local attention.
        """
        check_step(self, state, x, first)
        count = jnp.where(first, 0, state.count)
        y, layers, reads = self.input_norm(apply(self.input_projection, x)), [], []
        for layer, layer_state in zip(self.layers, state.layers, strict=True):
            layer_state, y, read = layer.step(layer_state, count, y)
            layers.append(layer_state)
            reads.append(read)
        output = MemoryOutput(self.output_norm(y), self._recall(count, reads))
        return HCAMState(count + 1, tuple(layers)), output

    def unroll(
        self,
        state: HCAMState | None,
        xs: Float[Array, "t d"],
        firsts: Bool[Array, " t"],
        *,
        keys: Key[Array, " t"] | None = None,
    ) -> tuple[HCAMState, MemoryOutput]:
        """All steps at once, layer by layer; the state returned is refreshed."""
        check_unroll(self, xs, firsts)
        count = jnp.zeros((), jnp.int32) if state is None else state.count
        steps = episode_steps(count, firsts)
        ys, layers = self.input_norm(apply(self.input_projection, xs)), []
        for index, layer in enumerate(self.layers):
            layer_state, ys = layer.unroll(
                None if state is None else state.layers[index], count, steps, ys
            )
            layers.append(layer_state)
        return HCAMState(steps[-1] + 1, tuple(layers)), MemoryOutput(self.output_norm(ys))

    def without(self, state: HCAMState, unit: Int[Array, ""]) -> tuple["HCAM", HCAMState]:
        """No layer can read the chunk in a slot."""
        slots = lambda memory: [layer.left_out for layer in memory.layers]  # noqa: E731
        left_out = [unit] * len(self.layers)
        return eqx.tree_at(slots, self, left_out, is_leaf=lambda leaf: leaf is None), state

    def pack(self, state: HCAMState) -> PackedHCAM:
        """The count and what each layer remembers, without projections."""
        layers = zip(self.layers, state.layers, strict=True)
        return state.count, tuple(layer.pack(remembered) for layer, remembered in layers)

    def unpack(self, packed: PackedHCAM) -> HCAMState:
        """Projects what local attention remembers."""
        count, remembered = packed
        layers = zip(self.layers, remembered, strict=True)
        return HCAMState(count, tuple(layer.unpack(rows) for layer, rows in layers))

    def _recall(self, count: Int[Array, ""], reads: list[Read]) -> Recall:
        slots, size = self.layers[0].num_slots, self.layers[0].chunk_size
        valid = jnp.repeat(self.layers[0].readable(count), size)
        first_steps = clock.slot_numbers(count, slots, size) * size
        written = first_steps[:, None] + jnp.arange(size, dtype=jnp.int32)[None, :]
        shown = [
            jnp.zeros((len(read.weights), slots, size), jnp.float32)
            .at[:, read.chunks]
            .set(read.weights)
            for read in reads
        ]
        names = layer_names([len(heads) for heads in shown])
        weights = jnp.concatenate(shown).reshape(len(names), -1)
        ago = (count - written).reshape(-1)
        return Recall(jnp.where(valid, weights, 0.0), ago, valid, names, group=size)
