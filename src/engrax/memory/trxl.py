"""Transformer-XL, plain (Dai et al. 2019, arXiv 1901.02860) and gated (Parisotto et al. 2019, arXiv 1910.06764)."""

from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Key

from engrax.memory.base import AbstractMemory
from engrax.memory.ring import Recent, RecentAttention, episode_steps
from engrax.nn.gating import AbstractResidual, PostNorm
from engrax.nn.linear import MLP, apply, linear
from engrax.nn.local_attention import LocalAttention, check_width
from engrax.types import Recall


class TrXLState(eqx.Module):
    """The steps taken of this episode, and the last inputs of each layer."""

    count: Int[Array, ""]
    layers: tuple[Recent, ...]


class TrXLLayer(eqx.Module):
    """Attention to the layer's last inputs, then an MLP, each inside a residual connection."""

    attention: LocalAttention
    attention_residual: AbstractResidual
    mlp: MLP
    mlp_residual: AbstractResidual

    def __init__(
        self, size: int, *, num_heads: int, window: int, mlp_size: int, residual: Callable[..., AbstractResidual],
        key: Key[Array, ""],
    ):  # fmt: skip
        """Args: as of `TrXL`."""
        keys = jax.random.split(key, 4)
        self.attention = LocalAttention(size, num_heads, window, key=keys[0], output_init="lecun")
        self.attention_residual = residual(size, key=keys[1])
        self.mlp = MLP((size, mlp_size, size), key=keys[2])
        self.mlp_residual = residual(size, key=keys[3])

    @property
    def recent(self) -> RecentAttention:
        """The attention, to what enters the residual connection."""
        return RecentAttention(self.attention, self.attention_residual.enter)

    def step(self, state: Recent, count: Int[Array, ""], x: Float[Array, " d"]) -> tuple[Recent, Float[Array, " d"]]:
        """One step: writes first, so that rings are updated in place, then reads."""
        state = self.recent.write(state, count, x)
        return state, self._rest(x, self.recent.attend(state, count, x))

    def unroll(
        self, state: Recent | None, count: Int[Array, ""], steps: Int[Array, " t"], xs: Float[Array, "t d"]
    ) -> tuple[Recent, Float[Array, "t d"]]:
        """The same for all times at once; `steps` are their numbers within their episodes."""
        ys = self._rest(xs, self.recent.attend_sequence(state, count, steps, xs))
        state = self.recent.init_state() if state is None else state
        return self.recent.refresh(self.recent.write_sequence(state, steps, xs)), ys

    def _rest(self, x: Float[Array, "*t d"], attended: Float[Array, "*t d"]) -> Float[Array, "*t d"]:
        x = self.attention_residual.join(x, attended)
        return self.mlp_residual.join(x, self.mlp(self.mlp_residual.enter(x)))


class TrXL(AbstractMemory[TrXLState]):
    """Transformer-XL: every layer attends to its own last W inputs, the present one included.

    Source: Dai et al. 2019, arXiv 1901.02860, section 3; with `residual=Gated`, the gated Transformer-XL of Parisotto
    et al. 2019, arXiv 1910.06764, section 3. Information from further back than W - 1 steps arrives only through
    layers, W - 1 steps in each.

    Deviations: every step reaches W - 1 steps back, where the paper's reach varies with the place in the segment; no
    dropout; the inputs are projected to the width first.
    """

    input_projection: eqx.nn.Linear
    layers: tuple[TrXLLayer, ...]
    input_size: int = eqx.field(static=True)
    output_size: int = eqx.field(static=True)

    def __init__(
        self,
        input_size: int,
        *,
        width: int = 64,
        num_layers: int = 2,
        num_heads: int = 4,
        window: int = 64,
        mlp_size: int | None = None,
        residual: Callable[..., AbstractResidual] = PostNorm,
        key: Key[Array, ""],
    ):
        """Args:

            input_size: d, the width of inputs.
            width: of every layer and of the output.
            num_layers: stacked layers, each with a memory of its own inputs.
            num_heads: attention heads; they divide the width.
            window: W, steps that a layer attends to, the present one included.
            mlp_size: hidden units of a layer's MLP; twice the width by default.
            residual: what is around attention and MLP: `PostNorm`, or `Gated` for the gated Transformer-XL.
            key: for the parameters.

        Raises:
            ValueError: for a window of less than 2 steps, or sizes that do not divide.
        """
        check_sizes(width, num_heads, window)
        input_key, *layer_keys = jax.random.split(key, num_layers + 1)
        self.input_projection = linear(input_size, width, key=input_key)
        self.layers = tuple(
            TrXLLayer(
                width, num_heads=num_heads, window=window, mlp_size=2 * width if mlp_size is None else mlp_size,
                residual=residual, key=layer_key,
            )
            for layer_key in layer_keys
        )  # fmt: skip
        self.input_size, self.output_size = input_size, width

    def init_state(self) -> TrXLState:
        """An empty memory."""
        return TrXLState(jnp.zeros((), jnp.int32), tuple(layer.recent.init_state() for layer in self.layers))

    def step(
        self, state: TrXLState, x: Float[Array, " d"], first: Bool[Array, ""]
    ) -> tuple[TrXLState, Float[Array, " h"]]:
        """One step through the stack, each layer attending to its own memory."""
        count = jnp.where(first, 0, state.count)
        y, layers = apply(self.input_projection, x), []
        for layer, recent in zip(self.layers, state.layers, strict=True):
            recent, y = layer.step(recent, count, y)
            layers.append(recent)
        return TrXLState(count + 1, tuple(layers)), y

    def unroll(
        self, state: TrXLState | None, xs: Float[Array, "t d"], firsts: Bool[Array, " t"]
    ) -> tuple[TrXLState, Float[Array, "t h"]]:
        """All steps at once, layer by layer; the state returned is projected with the present parameters."""
        count = jnp.zeros((), jnp.int32) if state is None else state.count
        steps = episode_steps(count, firsts)
        ys, layers = apply(self.input_projection, xs), []
        for index, layer in enumerate(self.layers):
            recent, ys = layer.unroll(None if state is None else state.layers[index], count, steps, ys)
            layers.append(recent)
        return TrXLState(steps[-1] + 1, tuple(layers)), ys

    def refresh(self, state: TrXLState) -> TrXLState:
        """Projects all that is remembered with the present parameters."""
        layers = (layer.recent.refresh(recent) for layer, recent in zip(self.layers, state.layers, strict=True))
        return TrXLState(state.count, tuple(layers))

    def recall(self, state: TrXLState, x: Float[Array, " d"], first: Bool[Array, ""]) -> Recall:
        """Attention to the steps before, averaged over heads and layers; what is missing to 1 is on the present."""
        count = jnp.where(first, 0, state.count)
        y, weights = apply(self.input_projection, x), []
        for layer, recent in zip(self.layers, state.layers, strict=True):
            recent, after = layer.step(recent, count, y)
            weights.append(layer.recent.weights(recent, count, y))
            y = after
        ago = self.layers[0].recent.steps_ago(count)
        valid = (ago >= 1) & (ago <= count)
        return Recall(jnp.where(valid, sum(weights) / len(weights), 0.0), ago, valid)


def check_sizes(width: int, num_heads: int, window: int) -> None:
    """Raises a ValueError that says which size to change, where sizes of a Transformer-XL do not fit together."""
    check_width(width, num_heads)
    if window < 2:
        raise ValueError(f"window is {window}, expected at least 2: the present step is one of them")
