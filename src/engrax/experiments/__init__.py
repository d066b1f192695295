"""Everything that defines a run, and the presets."""

from engrax.experiments.config import Experiment
from engrax.experiments.memories import HCAMMemory, LSTMMemory, NoneMemory, RetroactiveStore, RLMEMMemory
from engrax.experiments.tasks import BalletTask, MemoryGameTask, RecallTask

__all__ = [
    "BalletTask",
    "Experiment",
    "HCAMMemory",
    "LSTMMemory",
    "MemoryGameTask",
    "NoneMemory",
    "RLMEMMemory",
    "RecallTask",
    "RetroactiveStore",
]
