"""The memories of experiments, as frozen dataclasses."""

from dataclasses import dataclass, field
from typing import Literal

from jaxtyping import Array, Key

from engrax.memory import HCAM, LSTM, RLMEM, AbstractMemory, NoMemory, RetroactiveMemory
from engrax.memory.hcam import check_sizes
from engrax.memory.retroactive import Reuse


@dataclass(frozen=True, kw_only=True)
class HCAMMemory:
    """Hierarchical chunk attention memory."""

    kind: Literal["hcam"] = "hcam"
    width: int = 64
    """Width of every layer."""
    num_layers: int = 2
    """Stacked layers, each with a memory of its own."""
    num_heads: int = 4
    """Attention heads; they divide the width."""
    chunk_size: int = 16
    """Steps in a chunk."""
    num_chunks: int = 8
    """Complete chunks that stay readable."""
    top_k: int = 2
    """Chunks that a step attends to in detail."""
    window: int = 16
    """Steps of local attention, at least a chunk."""
    mlp_size: int = 128
    """Hidden units of a layer's MLP."""

    def __post_init__(self):
        check_sizes(self.width, self.num_heads, self.chunk_size, self.num_chunks, self.top_k, self.window)

    def build(self, input_size: int, *, key: Key[Array, ""]) -> AbstractMemory:
        """The memory."""
        return HCAM(
            input_size,
            width=self.width,
            num_layers=self.num_layers,
            num_heads=self.num_heads,
            chunk_size=self.chunk_size,
            num_chunks=self.num_chunks,
            top_k=self.top_k,
            window=self.window,
            mlp_size=self.mlp_size,
            key=key,
        )


@dataclass(frozen=True, kw_only=True)
class LSTMMemory:
    """One LSTM layer."""

    kind: Literal["lstm"] = "lstm"
    width: int = 128
    """Width of the hidden and of the cell state."""

    def build(self, input_size: int, *, key: Key[Array, ""]) -> AbstractMemory:
        """The memory."""
        return LSTM(input_size, width=self.width, key=key)


@dataclass(frozen=True, kw_only=True)
class NoneMemory:
    """No memory: the control."""

    kind: Literal["none"] = "none"
    width: int = 128
    """Width of the output."""

    def build(self, input_size: int, *, key: Key[Array, ""]) -> AbstractMemory:
        """The memory."""
        return NoMemory(input_size, width=self.width, key=key)


@dataclass(frozen=True, kw_only=True)
class RetroactiveStore:
    """MERLIN's store of rows, which only MERLIN has; the memory for any agent that is like it is `rl_mem`."""

    kind: Literal["retroactive"] = "retroactive"
    rows: int = 32
    """Rows; at least as many as an episode has steps."""
    discount: float = 0.96
    """Factor, a step, on what is added to earlier rows; less than 1."""
    retroactive: bool = True
    """Whether what comes later is added to earlier rows; false is an ablation."""
    reuse: Reuse = "kept"
    """The usage that a row taken again starts from: its own, `kept`, or the `mean`."""

    def __post_init__(self):
        self.build(1)

    def build(self, width: int) -> RetroactiveMemory:
        """The store, for vectors of a width."""
        return RetroactiveMemory(self.rows, width, self.discount, self.retroactive, self.reuse)


@dataclass(frozen=True, kw_only=True)
class RLMEMMemory:
    """MERLIN's store around an LSTM, without prediction."""

    kind: Literal["rl_mem"] = "rl_mem"
    width: int = 128
    """Width of each LSTM layer."""
    layers: int = 2
    """LSTM layers."""
    heads: int = 3
    """Keys with which a step reads."""
    word: int = 32
    """Width of what is written; rows are twice as wide."""
    store: RetroactiveStore = field(default_factory=RetroactiveStore)
    """The rows."""

    def build(self, input_size: int, *, key: Key[Array, ""]) -> AbstractMemory:
        """The memory."""
        store = self.store.build(self.word)
        return RLMEM(input_size, width=self.width, layers=self.layers, heads=self.heads, store=store, key=key)


Memory = HCAMMemory | LSTMMemory | NoneMemory | RLMEMMemory | RetroactiveStore
