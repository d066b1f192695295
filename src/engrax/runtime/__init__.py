"""Loops that let agents act and learn."""

from engrax.runtime.fused import Trainer, TrainState

__all__ = ["TrainState", "Trainer"]
