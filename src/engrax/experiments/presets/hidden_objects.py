"""Presets of the hidden objects: HCAM and what it is compared with, in four sizes."""

from dataclasses import replace

from engrax.envs import HiddenObjects
from engrax.experiments.config import Experiment
from engrax.experiments.presets.ballet import LEVELS_MEMORIES, ballet_paper, from_the_beginning
from engrax.experiments.presets.sizes import four_sizes
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
    """The same in pixels with memories of the paper's sizes."""
    return replace(ballet_paper(memory), task=HiddenObjects(objects=(2, 4), view="pixels"))


PRESETS = four_sizes(
    "hidden-objects", "hidden objects", MEMORIES, paper=paper, laptop=laptop, demo=demo
)
"""Presets of the hidden objects by name."""
