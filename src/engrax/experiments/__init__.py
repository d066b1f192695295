"""Everything that defines a run, and the presets."""

from engrax.experiments.config import (
    BalletTask,
    Experiment,
    HCAMMemory,
    LSTMMemory,
    NoneMemory,
    RecallTask,
)

__all__ = ["BalletTask", "Experiment", "HCAMMemory", "LSTMMemory", "NoneMemory", "RecallTask"]
