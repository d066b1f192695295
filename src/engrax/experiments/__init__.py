"""Everything that defines a run, and the presets."""

from engrax.experiments.config import Experiment
from engrax.experiments.memories import (
    DNCMemory,
    GTrXLMemory,
    HCAMMemory,
    LSTMMemory,
    NoneMemory,
    NTMMemory,
    RetroactiveStore,
    RLMEMMemory,
    TrXLMemory,
)
from engrax.experiments.tasks import BalletTask, MemoryGameTask, MixtureTask, RecallTask

__all__ = [
    "BalletTask",
    "DNCMemory",
    "Experiment",
    "GTrXLMemory",
    "HCAMMemory",
    "LSTMMemory",
    "MemoryGameTask",
    "MixtureTask",
    "NTMMemory",
    "NoneMemory",
    "RLMEMMemory",
    "RecallTask",
    "RetroactiveStore",
    "TrXLMemory",
]
