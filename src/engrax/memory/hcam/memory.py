"""The HCAM memory: a stack of layers under the memory contract."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Key

from engrax.memory.base import AbstractMemory
from engrax.memory.hcam import clock
from engrax.memory.hcam.layer import HCAMLayer, LayerState
from engrax.memory.hcam.read import ReadInit
from engrax.memory.ring import episode_steps
from engrax.nn.linear import LayerNorm, apply, linear
from engrax.nn.local_attention import check_width
from engrax.types import Recall


class HCAMState(eqx.Module):
    """The steps taken of this episode, and what each layer remembers."""

    count: Int[Array, ""]
    layers: tuple[LayerState, ...]


class HCAM(AbstractMemory[HCAMState]):
    """Hierarchical chunk attention memory: recalls a few chunks of the past, in detail.

    Source: Lampinen et al. 2021, arXiv 2105.14039. Four layers of 8 heads, chunks of 32 and k = 8 in the paper's
    Ballet agent; the defaults are small.

    Deviations (choices where the paper is silent): local attention with relative positions covers the steps that are
    in no chunk yet; inputs are projected to the width and normalised, and so is the output; each layer ends in an MLP.
    Ours: until training changes that, half of what is read is taken away from what there is now (`read_init`).
    """

    input_projection: eqx.nn.Linear
    input_norm: LayerNorm
    layers: tuple[HCAMLayer, ...]
    output_norm: LayerNorm
    input_size: int = eqx.field(static=True)
    output_size: int = eqx.field(static=True)

    def __init__(
        self,
        input_size: int,
        *,
        width: int = 64,
        num_layers: int = 2,
        num_heads: int = 4,
        chunk_size: int = 16,
        num_chunks: int = 8,
        top_k: int = 2,
        window: int | None = None,
        mlp_size: int | None = None,
        read_init: ReadInit = "contrast",
        key: Key[Array, ""],
    ):
        """Args:

            input_size: d, the width of inputs.
            width: D, of every layer and of the output.
            num_layers: stacked layers, each with a memory of its own activations.
            num_heads: attention heads; they divide the width.
            chunk_size: C, steps in a chunk.
            num_chunks: M, complete chunks that stay readable; the oldest is dropped.
            top_k: k, chunks that a step attends to in detail.
            window: steps of local attention, the current one included; the chunk size by default.
            mlp_size: hidden units of a layer's MLP; twice the width by default.
            read_init: what a chunk's read does at first. `contrast` takes half of it away from the present, so that
                what was otherwise then stands out now, in the code that the present has; `identity` adds it; `he` is
                the released module's random start.
            key: for the parameters.

        Raises:
            ValueError: for a window shorter than a chunk, k beyond the number of chunks, or sizes that do not divide.
        """
        window = chunk_size if window is None else window
        check_sizes(width, num_heads, chunk_size, num_chunks, top_k, window)
        input_key, *layer_keys = jax.random.split(key, num_layers + 1)
        self.input_projection = linear(input_size, width, key=input_key)
        self.layers = tuple(
            HCAMLayer(
                width, num_heads=num_heads, window=window, chunk_size=chunk_size, num_chunks=num_chunks, top_k=top_k,
                mlp_size=2 * width if mlp_size is None else mlp_size, read_init=read_init, key=layer_key,
            )
            for layer_key in layer_keys
        )  # fmt: skip
        self.input_norm, self.output_norm = LayerNorm(width), LayerNorm(width)
        self.input_size, self.output_size = input_size, width

    def init_state(self) -> HCAMState:
        """An empty memory."""
        return HCAMState(jnp.zeros((), jnp.int32), tuple(layer.init_state() for layer in self.layers))

    def step(
        self, state: HCAMState, x: Float[Array, " d"], first: Bool[Array, ""]
    ) -> tuple[HCAMState, Float[Array, " h"]]:
        """One step through the stack, each layer reading its own memory."""
        state, output, _ = self._step(state, x, first)
        return state, output

    def unroll(
        self, state: HCAMState | None, xs: Float[Array, "t d"], firsts: Bool[Array, " t"]
    ) -> tuple[HCAMState, Float[Array, "t h"]]:
        """All steps at once, layer by layer; the state returned is projected with the present parameters."""
        count = jnp.zeros((), jnp.int32) if state is None else state.count
        steps = episode_steps(count, firsts)
        ys, layers = self.input_norm(apply(self.input_projection, xs)), []
        for index, layer in enumerate(self.layers):
            layer_state, ys = layer.unroll(None if state is None else state.layers[index], count, steps, ys)
            layers.append(layer_state)
        return HCAMState(steps[-1] + 1, tuple(layers)), self.output_norm(ys)

    def refresh(self, state: HCAMState) -> HCAMState:
        """Projects all that is remembered with the present parameters."""
        layers = (layer.refresh(s) for layer, s in zip(self.layers, state.layers, strict=True))
        return HCAMState(state.count, tuple(layers))

    def recall(self, state: HCAMState, x: Float[Array, " d"], first: Bool[Array, ""]) -> Recall:
        """Attention to the rows of the chunks, averaged over heads and layers; local attention is left out."""
        layer = self.layers[0]
        count = jnp.where(first, 0, state.count)
        numbers = clock.slot_numbers(count, layer.num_slots, layer.chunk_size)
        valid = clock.readable_now(count, layer.num_slots, layer.chunk_size)
        reads = self._step(state, x, first)[2]
        empty = jnp.zeros((layer.num_slots, layer.chunk_size))
        weights = sum((empty.at[read.chunks].set(read.weights) for read in reads), start=empty) / len(reads)
        written = numbers[:, None] * layer.chunk_size + jnp.arange(layer.chunk_size)[None, :]
        everywhere = jnp.broadcast_to(valid[:, None], weights.shape)
        return Recall(
            jnp.where(everywhere, weights, 0.0).reshape(-1), (count - written).reshape(-1), everywhere.reshape(-1)
        )

    def _step(self, state: HCAMState, x: Float[Array, " d"], first: Bool[Array, ""]):
        count = jnp.where(first, 0, state.count)
        y, layers, reads = self.input_norm(apply(self.input_projection, x)), [], []
        for layer, layer_state in zip(self.layers, state.layers, strict=True):
            layer_state, y, read = layer.step(layer_state, count, y)
            layers.append(layer_state)
            reads.append(read)
        return HCAMState(count + 1, tuple(layers)), self.output_norm(y), reads


def check_sizes(width: int, num_heads: int, chunk_size: int, num_chunks: int, top_k: int, window: int) -> None:
    """Raises a ValueError that says which size to change, where sizes of an HCAM memory do not fit together."""
    check_width(width, num_heads)
    if window < chunk_size:
        raise ValueError(
            f"window {window} is shorter than chunk_size {chunk_size}: steps in between would be visible to nobody; "
            "make the window at least a chunk"
        )
    if top_k > num_chunks:
        raise ValueError(f"top_k {top_k} exceeds num_chunks {num_chunks}: there is nothing more to select")
