"""Long short-term memory as a memory."""

from dataclasses import dataclass

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Key

from engrax.memory.arguments import check_step, check_unroll
from engrax.memory.base import AbstractMemory, AbstractMemorySizes, MemoryOutput
from engrax.memory.layout import Layout
from engrax.nn.checks import check_at_least
from engrax.nn.recurrent import LSTMCell, LSTMState, bound_gradient


@dataclass(frozen=True, kw_only=True)
class LSTMSizes(AbstractMemorySizes):
    """One LSTM layer."""

    width: int = 128
    """Width of the hidden and of the cell state."""

    def __post_init__(self):
        check_at_least(1, width=self.width)

    def build(self, layout: Layout | int, *, key: Key[Array, ""]) -> "LSTM":
        """Builds the LSTM."""
        return LSTM(layout, self, key=key)

    @classmethod
    def tiny(cls) -> "LSTMSizes":
        """A width of 8."""
        return cls(width=8)


class LSTM(AbstractMemory[LSTMState]):
    """One LSTM layer; its output is its hidden state.

    Deviation: the gradient of the hidden state is cut to +-1e6 at each step. So that of the cell,
    which forget gates only shrink, grows at most linearly with the number of steps.
    """

    cell: LSTMCell
    input_size: int = eqx.field(static=True)
    output_size: int = eqx.field(static=True)

    def __init__(
        self, layout: Layout | int, sizes: LSTMSizes = LSTMSizes(), *, key: Key[Array, ""]
    ):
        """Args: `layout` of inputs, `sizes`, and `key` for the parameters."""
        input_size = Layout.of(layout).size
        self.cell = LSTMCell(input_size, sizes.width, key=key)
        self.input_size, self.output_size = input_size, sizes.width

    def init_state(self) -> LSTMState:
        """Zeros."""
        return self.cell.init_state()

    def step(
        self,
        state: LSTMState,
        x: Float[Array, " d"],
        first: Bool[Array, ""],
        *,
        key: Key[Array, ""] | None = None,
    ) -> tuple[LSTMState, MemoryOutput]:
        """One step of the recurrence."""
        check_step(self, state, x, first)
        state, h = self._recur(state, (self.cell.drive(x), first))
        return state, MemoryOutput(h)

    def unroll(
        self,
        state: LSTMState | None,
        xs: Float[Array, "t d"],
        firsts: Bool[Array, " t"],
        *,
        keys: Key[Array, " t"] | None = None,
    ) -> tuple[LSTMState, MemoryOutput]:
        """A scan of the recurrence; the inputs' part is one product before it."""
        check_unroll(self, xs, firsts)
        state = self.init_state() if state is None else state
        state, hs = jax.lax.scan(
            lambda *now: self._recur(*now), state, (self.cell.drive(xs), firsts)
        )
        return state, MemoryOutput(hs)

    def _recur(
        self, state: LSTMState, inputs: tuple[Float[Array, " g"], Bool[Array, ""]]
    ) -> tuple[LSTMState, Float[Array, " h"]]:
        driven, first = inputs
        state = state._replace(hidden=bound_gradient(state.hidden))
        state = LSTMState(*(jnp.where(first, 0.0, part) for part in state))
        state = self.cell.recur(state, driven)
        return state, state.hidden
