"""The memories of experiments: their settings, told apart by `kind`."""

from dataclasses import dataclass, field
from typing import Literal

from engrax.memory import (
    DNCSizes,
    GTrXLSizes,
    HCAMSizes,
    LSTMSizes,
    NoMemorySizes,
    NTMSizes,
    RetroactiveSizes,
    RLMEMSizes,
    TrXLSizes,
)


@dataclass(frozen=True, kw_only=True)
class HCAMMemory(HCAMSizes):
    """Hierarchical chunk attention memory."""

    kind: Literal["hcam"] = "hcam"


@dataclass(frozen=True, kw_only=True)
class TrXLMemory(TrXLSizes):
    """Transformer-XL."""

    kind: Literal["trxl"] = "trxl"


@dataclass(frozen=True, kw_only=True)
class GTrXLMemory(GTrXLSizes):
    """Gated Transformer-XL."""

    kind: Literal["gtrxl"] = "gtrxl"


@dataclass(frozen=True, kw_only=True)
class LSTMMemory(LSTMSizes):
    """One LSTM layer."""

    kind: Literal["lstm"] = "lstm"


@dataclass(frozen=True, kw_only=True)
class NoneMemory(NoMemorySizes):
    """No memory: the control."""

    kind: Literal["none"] = "none"


@dataclass(frozen=True, kw_only=True)
class RetroactiveStore(RetroactiveSizes):
    """MERLIN's store of rows, which only MERLIN has; the memory for any agent that is like it is `rl_mem`."""

    kind: Literal["retroactive"] = "retroactive"


@dataclass(frozen=True, kw_only=True)
class RLMEMMemory(RLMEMSizes):
    """MERLIN's store around an LSTM, without prediction."""

    kind: Literal["rl_mem"] = "rl_mem"
    store: RetroactiveStore = field(default_factory=RetroactiveStore)
    """The rows."""


@dataclass(frozen=True, kw_only=True)
class NTMMemory(NTMSizes):
    """Neural Turing machine: an LSTM and rows that heads walk along."""

    kind: Literal["ntm"] = "ntm"


@dataclass(frozen=True, kw_only=True)
class DNCMemory(DNCSizes):
    """Differentiable neural computer: an LSTM and rows that are allocated, freed, and linked in order of writing."""

    kind: Literal["dnc"] = "dnc"


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
