"""Memories under one contract, each beside its settings, and their registry."""

from engrax.memory.base import AbstractMemory, AbstractMemorySizes, MemoryOutput
from engrax.memory.controller import AbstractControllerSizes, ControlledMemory
from engrax.memory.dnc import DNC, DNCSizes
from engrax.memory.hcam import HCAM, HCAMSizes, HierarchicalRead
from engrax.memory.layout import Layout
from engrax.memory.lstm import LSTM, LSTMSizes
from engrax.memory.none import NoMemory, NoMemorySizes
from engrax.memory.ntm import NTM, NTMSizes
from engrax.memory.registry import MEMORIES, MemoryChoice, make_memory, sizes_named
from engrax.memory.retroactive import RetroactiveMemory, RetroactiveSizes
from engrax.memory.rl_mem import RLMEM, RLMEMSizes
from engrax.memory.trxl import AbstractTrXLSizes, GTrXLSizes, TrXL, TrXLSizes

__all__ = [
    "DNC",
    "HCAM",
    "LSTM",
    "MEMORIES",
    "NTM",
    "RLMEM",
    "AbstractControllerSizes",
    "AbstractMemory",
    "AbstractMemorySizes",
    "AbstractTrXLSizes",
    "ControlledMemory",
    "DNCSizes",
    "GTrXLSizes",
    "HCAMSizes",
    "HierarchicalRead",
    "LSTMSizes",
    "Layout",
    "MemoryChoice",
    "MemoryOutput",
    "NTMSizes",
    "NoMemory",
    "NoMemorySizes",
    "RLMEMSizes",
    "RetroactiveMemory",
    "RetroactiveSizes",
    "TrXL",
    "TrXLSizes",
    "make_memory",
    "sizes_named",
]
