"""Transformer-XL (Dai et al. 2019), plain and gated (Parisotto et al. 2019)."""

import abc
from dataclasses import dataclass
from typing import ClassVar, Literal

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Key

from engrax.memory.arguments import check_step, check_unroll
from engrax.memory.base import AbstractMemory, AbstractMemorySizes, MemoryOutput
from engrax.memory.layout import Layout
from engrax.memory.ring import Recent, RecentAttention, episode_steps
from engrax.nn.checks import check_at_least, check_choice, check_width
from engrax.nn.gating import AbstractResidual, Gated, PostNorm
from engrax.nn.linear import MLP, apply, linear
from engrax.nn.local_attention import LocalAttention
from engrax.types import Recall, layer_names


@dataclass(frozen=True, kw_only=True)
class AbstractTrXLSizes(AbstractMemorySizes):
    """What the plain and the gated Transformer-XL have in common."""

    width: int = 64
    """Width of every layer and of the output."""
    num_layers: int = 2
    """Stacked layers, each with a memory of its own inputs."""
    num_heads: int = 4
    """Attention heads; they divide the width."""
    window: int = 64
    """Steps that a layer attends to, the present one included."""
    mlp_size: int = 128
    """Hidden units of a layer's MLP."""
    read_init: Literal["lecun", "identity"] = "lecun"
    """What attention passes on at first: a random projection of what it attends to (`lecun`), or
    that itself (`identity`; ours)."""

    def __post_init__(self):
        check_width(self.width, self.num_heads)
        check_at_least(1, num_layers=self.num_layers, mlp_size=self.mlp_size)
        check_at_least(2, window=self.window)
        check_choice(("lecun", "identity"), read_init=self.read_init)

    @abc.abstractmethod
    def residual(self, *, key: Key[Array, ""]) -> AbstractResidual:
        """What is around a layer's attention, and around its MLP."""

    def build(self, layout: Layout | int, *, key: Key[Array, ""]) -> "TrXL":
        """Builds the Transformer-XL."""
        return TrXL(layout, self, key=key)

    @classmethod
    def tiny(cls) -> "AbstractTrXLSizes":
        """One layer of width 8 with a window of 4 steps."""
        return cls(width=8, num_layers=1, num_heads=2, window=4, mlp_size=16)


@dataclass(frozen=True, kw_only=True)
class TrXLSizes(AbstractTrXLSizes):
    """Transformer-XL."""

    def residual(self, *, key: Key[Array, ""]) -> PostNorm:
        """A normalised sum."""
        return PostNorm(self.width, key=key)


@dataclass(frozen=True, kw_only=True)
class GTrXLSizes(AbstractTrXLSizes):
    """Gated Transformer-XL."""

    gate_bias: float = 2.0
    """The bias that gates start with; the larger, the nearer a fresh layer is to the identity."""

    def residual(self, *, key: Key[Array, ""]) -> Gated:
        """A gate."""
        return Gated(self.width, bias=self.gate_bias, key=key)


class TrXLState(eqx.Module):
    """The steps taken of this episode, and the last inputs of each layer."""

    count: Int[Array, ""]
    layers: tuple[Recent, ...]


PackedTrXL = tuple[Int[Array, ""], tuple[Float[Array, "w d"], ...]]


class TrXLLayer(eqx.Module):
    """Attention to the layer's last inputs, then an MLP, each inside a residual connection."""

    attention: LocalAttention
    attention_residual: AbstractResidual
    mlp: MLP
    mlp_residual: AbstractResidual

    def __init__(self, sizes: AbstractTrXLSizes, *, key: Key[Array, ""]):
        """Args: `sizes` of the memory, and `key` for the parameters."""
        keys = jax.random.split(key, 4)
        self.attention = LocalAttention(
            sizes.width,
            sizes.num_heads,
            sizes.window,
            key=keys[0],
            value_init=sizes.read_init,
            output_init=sizes.read_init,
        )
        self.attention_residual = sizes.residual(key=keys[1])
        self.mlp = MLP((sizes.width, sizes.mlp_size, sizes.width), key=keys[2])
        self.mlp_residual = sizes.residual(key=keys[3])

    @property
    def recent(self) -> RecentAttention:
        """The attention, to what enters the residual connection."""
        return RecentAttention(self.attention, self.attention_residual.enter)

    def step(
        self, state: Recent, count: Int[Array, ""], x: Float[Array, " d"]
    ) -> tuple[Recent, Float[Array, " d"], Float[Array, "r w"]]:
        """One step: writes first, so that rings are updated in place, then reads.

        Returns the state, the output, and the attention of each head to each row of the ring.
        """
        state = self.recent.write(state, count, x)
        y = self._rest(x, self.recent.attend(state, count, x))
        return state, y, self.recent.weights(state, count, x)

    def unroll(
        self,
        state: Recent | None,
        count: Int[Array, ""],
        steps: Int[Array, " t"],
        xs: Float[Array, "t d"],
    ) -> tuple[Recent, Float[Array, "t d"]]:
        """The same for all times at once; `steps` are their numbers within their episodes."""
        ys = self._rest(xs, self.recent.attend_sequence(state, count, steps, xs))
        inputs = (self.recent.init_state() if state is None else state).inputs
        return self.recent.unpack(self.recent.write_sequence(inputs, steps, xs)), ys

    def _rest(
        self, x: Float[Array, "*t d"], attended: Float[Array, "*t d"]
    ) -> Float[Array, "*t d"]:
        x = self.attention_residual.join(x, attended)
        return self.mlp_residual.join(x, self.mlp(self.mlp_residual.enter(x)))


class TrXL(AbstractMemory[TrXLState]):
    """Transformer-XL: every layer attends to its own last W inputs, the present one included.

    Source: Dai et al. 2019, arXiv 1901.02860, section 3; with `GTrXLSizes`, the gated
    Transformer-XL of Parisotto et al. 2019, arXiv 1910.06764, section 3. Information from further
    back than W - 1 steps arrives only through layers, W - 1 steps in each.

    Deviations: every step reaches W - 1 steps back, where the paper's reach varies with the place
    in the segment; no dropout; the inputs are projected to the width first.
    """

    input_projection: eqx.nn.Linear
    layers: tuple[TrXLLayer, ...]
    input_size: int = eqx.field(static=True)
    output_size: int = eqx.field(static=True)
    unit: ClassVar[str | None] = "step"

    def __init__(
        self,
        layout: Layout | int,
        sizes: AbstractTrXLSizes = TrXLSizes(),
        *,
        key: Key[Array, ""],
    ):
        """Args: `layout` of inputs, `sizes` (plain or gated), and `key` for the parameters."""
        input_size = Layout.of(layout).size
        input_key, *layer_keys = jax.random.split(key, sizes.num_layers + 1)
        self.input_projection = linear(input_size, sizes.width, key=input_key)
        self.layers = tuple(TrXLLayer(sizes, key=layer_key) for layer_key in layer_keys)
        self.input_size, self.output_size = input_size, sizes.width

    def init_state(self) -> TrXLState:
        """An empty memory."""
        return TrXLState(
            jnp.zeros((), jnp.int32), tuple(layer.recent.init_state() for layer in self.layers)
        )

    def step(
        self,
        state: TrXLState,
        x: Float[Array, " d"],
        first: Bool[Array, ""],
        *,
        key: Key[Array, ""] | None = None,
    ) -> tuple[TrXLState, MemoryOutput]:
        """One step through the stack, each layer attending to its own memory.

        The recall has the heads of all layers and the steps before this one.
        """
        check_step(self, state, x, first)
        count = jnp.where(first, 0, state.count)
        y, layers, shown = apply(self.input_projection, x), [], []
        for layer, recent in zip(self.layers, state.layers, strict=True):
            recent, y, weights = layer.step(recent, count, y)
            layers.append(recent)
            shown.append(weights)
        output = MemoryOutput(y, self._recall(count, shown))
        return TrXLState(count + 1, tuple(layers)), output

    def unroll(
        self,
        state: TrXLState | None,
        xs: Float[Array, "t d"],
        firsts: Bool[Array, " t"],
        *,
        keys: Key[Array, " t"] | None = None,
    ) -> tuple[TrXLState, MemoryOutput]:
        """All steps at once, layer by layer; the state returned is refreshed."""
        check_unroll(self, xs, firsts)
        count = jnp.zeros((), jnp.int32) if state is None else state.count
        steps = episode_steps(count, firsts)
        ys, layers = apply(self.input_projection, xs), []
        for index, layer in enumerate(self.layers):
            recent, ys = layer.unroll(
                None if state is None else state.layers[index], count, steps, ys
            )
            layers.append(recent)
        return TrXLState(steps[-1] + 1, tuple(layers)), MemoryOutput(ys)

    def without(self, state: TrXLState, unit: Int[Array, ""]) -> tuple["TrXL", TrXLState]:
        """No layer can see a row of its ring."""
        layer = self.layers[0].recent
        left_out = jnp.where(unit < 0, -1, layer.steps_ago(state.count)[unit])
        rows = lambda memory: [layer.attention.left_out for layer in memory.layers]  # noqa: E731
        given = [left_out] * len(self.layers)
        return eqx.tree_at(rows, self, given, is_leaf=lambda leaf: leaf is None), state

    def pack(self, state: TrXLState) -> PackedTrXL:
        """The count and the inputs of each layer, without their keys and values."""
        return state.count, tuple(recent.inputs for recent in state.layers)

    def unpack(self, packed: PackedTrXL) -> TrXLState:
        """Projects all that is remembered."""
        count, inputs = packed
        layers = zip(self.layers, inputs, strict=True)
        return TrXLState(count, tuple(layer.recent.unpack(rows) for layer, rows in layers))

    def _recall(self, count: Int[Array, ""], weights: list[Float[Array, "h w"]]) -> Recall:
        ago = self.layers[0].recent.steps_ago(count)
        valid = (ago >= 1) & (ago <= count)
        names = layer_names([len(heads) for heads in weights])
        return Recall(jnp.where(valid, jnp.concatenate(weights), 0.0), ago, valid, names)
