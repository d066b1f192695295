"""Memories under one contract, and their registry."""

from collections.abc import Callable
from functools import partial
from typing import Any

from engrax.memory.base import AbstractMemory
from engrax.memory.controller import ControlledMemory
from engrax.memory.dnc import DNC
from engrax.memory.hcam import HCAM, HierarchicalAttention
from engrax.memory.lstm import LSTM
from engrax.memory.none import NoMemory
from engrax.memory.ntm import NTM
from engrax.memory.retroactive import RetroactiveMemory
from engrax.memory.rl_mem import RLMEM
from engrax.memory.trxl import TrXL
from engrax.nn.gating import Gated

MEMORIES: dict[str, Callable[..., AbstractMemory[Any]]] = {
    "dnc": partial(ControlledMemory, store=DNC()),
    "gtrxl": partial(TrXL, residual=Gated),
    "hcam": HCAM,
    "lstm": LSTM,
    "none": NoMemory,
    "ntm": partial(ControlledMemory, store=NTM()),
    "rl_mem": RLMEM,
    "trxl": TrXL,
}
"""Every memory by name: `MEMORIES[name](input_size, key=key)` makes one of small default size."""

__all__ = [
    "DNC",
    "HCAM",
    "LSTM",
    "MEMORIES",
    "NTM",
    "RLMEM",
    "AbstractMemory",
    "ControlledMemory",
    "Gated",
    "HierarchicalAttention",
    "NoMemory",
    "RetroactiveMemory",
    "TrXL",
]
