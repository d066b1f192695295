"""RL-MEM: an LSTM around MERLIN's store, trained by the gradient of the task alone."""

from dataclasses import dataclass, field

import equinox as eqx
import jax
from jaxtyping import Array, Float, Int, Key

from engrax.memory.base import AbstractMemorySizes
from engrax.memory.controller import AbstractControlledMemory
from engrax.memory.layout import Layout
from engrax.memory.retroactive import (
    ReadHeads,
    RetroactiveMemory,
    RetroactiveSizes,
    RetroactiveState,
    recalled,
)
from engrax.nn.checks import check_at_least
from engrax.nn.linear import apply, linear
from engrax.nn.recurrent import StackedLSTM
from engrax.types import Recall


@dataclass(frozen=True, kw_only=True)
class RLMEMSizes(AbstractMemorySizes):
    """RL-MEM: an LSTM around MERLIN's store, without prediction."""

    width: int = 128
    """Width of each LSTM layer."""
    layers: int = 2
    """LSTM layers."""
    heads: int = 3
    """Keys with which a step reads."""
    word: int = 32
    """Width of written vectors; rows are twice as wide."""
    store: RetroactiveSizes = field(default_factory=RetroactiveSizes)
    """The rows."""

    def __post_init__(self):
        check_at_least(1, width=self.width, layers=self.layers, heads=self.heads, word=self.word)

    def build(self, layout: Layout | int, *, key: Key[Array, ""]) -> "RLMEM":
        """Builds RL-MEM."""
        return RLMEM(layout, self, key=key)

    @classmethod
    def tiny(cls) -> "RLMEMSizes":
        """Layers of width 8 and eight rows of twice 4."""
        return cls(width=8, word=4, store=RetroactiveSizes.tiny())


class RLMEM(AbstractControlledMemory[RetroactiveState]):
    """An LSTM on [x_t, m_{t-1}] gives h_t; keys from h_t read m_t; W h_t is written.

    The output is [h_t, m_t]. It is the control for MERLIN: the same store, without prediction.
    Gradients flow into written vectors within a segment, or nothing would train W (choice).

    Source: Wayne et al. 2018, arXiv 1803.10760, methods, "RL-MEM".
    """

    lstm: StackedLSTM
    heads: ReadHeads
    to_store: eqx.nn.Linear
    store: RetroactiveMemory = eqx.field(static=True)
    input_size: int = eqx.field(static=True)
    output_size: int = eqx.field(static=True)

    def __init__(
        self, layout: Layout | int, sizes: RLMEMSizes = RLMEMSizes(), *, key: Key[Array, ""]
    ):
        """Args: `layout` of inputs, `sizes`, and `key` for the parameters."""
        input_size = Layout.of(layout).size
        self.store = sizes.store.build(sizes.word)
        reads = sizes.heads * self.store.row_width
        lstm_key, heads_key, store_key = jax.random.split(key, 3)
        self.lstm = StackedLSTM(input_size + reads, sizes.width, sizes.layers, key=lstm_key)
        self.heads = ReadHeads(
            self.lstm.output_size, sizes.heads, self.store.row_width, key=heads_key
        )
        self.to_store = linear(self.lstm.output_size, self.store.width, key=store_key)
        self.input_size, self.output_size = input_size, self.lstm.output_size + reads

    def emptied(self, state: RetroactiveState, row: Int[Array, ""]) -> RetroactiveState:
        """The store with a row that counts as empty."""
        return self.store.without(state, row)

    def access(
        self, state: RetroactiveState, hidden: Float[Array, " h"]
    ) -> tuple[RetroactiveState, Float[Array, " m"], Recall]:
        """Reads, then writes."""
        reads, weights, state = self.store.read(state, *self.heads(hidden))
        shown = recalled(state, weights)
        return self.store.write(state, apply(self.to_store, hidden)), reads.ravel(), shown
