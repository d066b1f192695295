"""Presets of the hidden objects: HCAM and what it is compared with, in four sizes."""

from dataclasses import replace

from engrax.envs import HiddenObjects
from engrax.experiments.config import Experiment
from engrax.experiments.presets.ballet import (
    LEVELS_MEMORIES,
    PAPER_MEMORIES,
    ballet_paper,
    from_the_beginning,
)
from engrax.experiments.presets.debug import debug_size
from engrax.experiments.presets.preset import TITLES, Preset
from engrax.memory import AbstractMemorySizes, NoMemorySizes

MEMORIES: dict[str, AbstractMemorySizes] = {
    **{name: LEVELS_MEMORIES[name] for name in ("hcam", "gtrxl", "lstm")},
    "none": NoMemorySizes(width=128),
}
EASY = HiddenObjects(objects=(2,), max_delay=4, reach=1, patience=8)


def demo(memory: AbstractMemorySizes) -> Experiment:
    """Two boxes next to the agent, and short delays."""
    return from_the_beginning(memory, EASY, updates=70, entropy_cost=0.04)


def laptop(memory: AbstractMemorySizes) -> Experiment:
    """Two or four boxes, delays of 0 to 32 steps; Ballet's settings."""
    return from_the_beginning(memory, HiddenObjects(objects=(2, 4)), updates=300)


def paper(memory: AbstractMemorySizes) -> Experiment:
    """The same in pixels with memories of the paper's sizes: an accelerator's work."""
    return replace(ballet_paper(memory), task=HiddenObjects(objects=(2, 4), view="pixels"))


def _preset(size: str, name: str) -> Preset:
    title = TITLES[name]
    match size:
        case "paper":
            text = f"hidden objects in pixels with {title}, the paper's sizes: for an accelerator"
            return Preset(text, paper(PAPER_MEMORIES[name]))
        case "laptop":
            text = f"hidden objects, delays up to 32 steps, with {title}, for two cores"
            return Preset(text, laptop(MEMORIES[name]))
        case "demo":
            text = f"hidden objects with two boxes and {title}: minutes on two cores"
            return Preset(text, demo(MEMORIES[name]))
        case _:
            text = f"hidden objects with {title}, tiny: runs in seconds, too small to learn"
            return Preset(text, debug_size(demo(MEMORIES[name])))


PRESETS: dict[str, Preset] = {
    f"{name}-hidden-objects-{size}": _preset(size, name)
    for size in ("paper", "laptop", "demo", "debug")
    for name in MEMORIES
}
"""Presets of the hidden objects by name."""
