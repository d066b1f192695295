"""Memories under one contract, and their registry."""

from collections.abc import Callable
from typing import Any

from engrax.memory.base import AbstractMemory
from engrax.memory.hcam import HCAM, HierarchicalAttention
from engrax.memory.lstm import LSTM
from engrax.memory.none import NoMemory

MEMORIES: dict[str, Callable[..., AbstractMemory[Any]]] = {"hcam": HCAM, "lstm": LSTM, "none": NoMemory}
"""Every memory by name: `MEMORIES[name](input_size, key=key)` makes one of small default size."""

__all__ = ["HCAM", "LSTM", "MEMORIES", "AbstractMemory", "HierarchicalAttention", "NoMemory"]
