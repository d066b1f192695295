"""Memories under one contract, and their registry."""

from collections.abc import Callable
from typing import Any

from engrax.memory.base import AbstractMemory
from engrax.memory.hcam import HCAM, HierarchicalAttention
from engrax.memory.lstm import LSTM
from engrax.memory.none import NoMemory
from engrax.memory.retroactive import RetroactiveMemory
from engrax.memory.rl_mem import RLMEM

MEMORIES: dict[str, Callable[..., AbstractMemory[Any]]] = {
    "hcam": HCAM,
    "lstm": LSTM,
    "none": NoMemory,
    "rl_mem": RLMEM,
}
"""Every memory by name: `MEMORIES[name](input_size, key=key)` makes one of small default size."""

__all__ = [
    "HCAM",
    "LSTM",
    "MEMORIES",
    "RLMEM",
    "AbstractMemory",
    "HierarchicalAttention",
    "NoMemory",
    "RetroactiveMemory",
]
