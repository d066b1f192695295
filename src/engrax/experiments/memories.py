"""The memories of experiments, as frozen dataclasses."""

from dataclasses import dataclass, field
from typing import ClassVar, Literal

from jaxtyping import Array, Key

from engrax.memory import (
    DNC,
    HCAM,
    LSTM,
    NTM,
    RLMEM,
    AbstractMemory,
    ControlledMemory,
    Gated,
    NoMemory,
    RetroactiveMemory,
    TrXL,
    hcam,
    trxl,
)
from engrax.memory.addressing import AbstractRowStore
from engrax.memory.hcam.read import ReadInit
from engrax.memory.retroactive import Reuse
from engrax.nn.gating import AbstractResidual, PostNorm


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
    read_init: ReadInit = "contrast"
    """What reading a chunk does at first: `contrast` (half of it is taken away from the present, so that what was
    otherwise then stands out; ours), `identity` (it is added; ours), or `he` (random, as in the released module)."""

    def __post_init__(self):
        hcam.check_sizes(self.width, self.num_heads, self.chunk_size, self.num_chunks, self.top_k, self.window)

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
            read_init=self.read_init,
            key=key,
        )


@dataclass(frozen=True, kw_only=True)
class TransformerMemory:
    """What both kinds of Transformer-XL have."""

    residual: ClassVar[type[AbstractResidual]]
    width: int = 64
    """Width of every layer."""
    num_layers: int = 2
    """Stacked layers."""
    num_heads: int = 4
    """Attention heads; they divide the width."""
    window: int = 64
    """Steps that a layer attends to, the present one included."""
    mlp_size: int = 128
    """Hidden units of a layer's MLP."""

    def __post_init__(self):
        trxl.check_sizes(self.width, self.num_heads, self.window)

    def build(self, input_size: int, *, key: Key[Array, ""]) -> AbstractMemory:
        """The memory."""
        return TrXL(
            input_size,
            width=self.width,
            num_layers=self.num_layers,
            num_heads=self.num_heads,
            window=self.window,
            mlp_size=self.mlp_size,
            residual=self.residual,
            key=key,
        )


@dataclass(frozen=True, kw_only=True)
class TrXLMemory(TransformerMemory):
    """Transformer-XL."""

    kind: Literal["trxl"] = "trxl"
    residual = PostNorm


@dataclass(frozen=True, kw_only=True)
class GTrXLMemory(TransformerMemory):
    """Gated Transformer-XL."""

    kind: Literal["gtrxl"] = "gtrxl"
    residual = Gated


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


@dataclass(frozen=True, kw_only=True)
class ControllerMemory:
    """What an LSTM around rows has."""

    rows_of: ClassVar[type[AbstractRowStore]]
    width: int = 64
    """Width of each LSTM layer."""
    layers: int = 1
    """LSTM layers."""
    rows: int = 32
    """Rows of the store."""
    word: int = 32
    """Width of a row."""
    heads: int = 2
    """Heads that read; one writes."""

    def __post_init__(self):
        self.store()

    def store(self) -> AbstractRowStore:
        """The rows."""
        return self.rows_of(self.rows, self.word, self.heads)

    def build(self, input_size: int, *, key: Key[Array, ""]) -> AbstractMemory:
        """The memory."""
        return ControlledMemory(input_size, self.store(), width=self.width, layers=self.layers, key=key)


@dataclass(frozen=True, kw_only=True)
class NTMMemory(ControllerMemory):
    """Neural Turing machine: an LSTM and rows that heads walk along."""

    kind: Literal["ntm"] = "ntm"
    rows_of = NTM


@dataclass(frozen=True, kw_only=True)
class DNCMemory(ControllerMemory):
    """Differentiable neural computer: an LSTM and rows that are allocated, freed, and linked in order of writing."""

    kind: Literal["dnc"] = "dnc"
    rows_of = DNC


Memory = (
    HCAMMemory
    | LSTMMemory
    | TrXLMemory
    | GTrXLMemory
    | NTMMemory
    | DNCMemory
    | NoneMemory
    | RLMEMMemory
    | RetroactiveStore
)
