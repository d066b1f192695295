"""Loops in which agents act and learn: worlds, streams, segments, the trainer."""

from engrax.runtime.collecting import collect
from engrax.runtime.placement import Placement
from engrax.runtime.streams import Episodes, Streams, open_streams
from engrax.runtime.trainer import LearnerState, Trainer, TrainState, measured
from engrax.runtime.worlds import Host, Pure, World, as_world

__all__ = [
    "Episodes",
    "Host",
    "LearnerState",
    "Placement",
    "Pure",
    "Streams",
    "TrainState",
    "Trainer",
    "World",
    "as_world",
    "collect",
    "measured",
    "open_streams",
]
