"""Presets of word learning: HCAM and what it is compared with, in four sizes."""

from dataclasses import replace

from engrax.envs import WordLearning
from engrax.experiments.config import Experiment
from engrax.experiments.presets.ballet import ballet_paper, from_the_beginning
from engrax.experiments.presets.sizes import four_sizes
from engrax.memory import AbstractMemorySizes, GTrXLSizes, HCAMSizes, LSTMSizes, NoMemorySizes

MEMORIES: dict[str, AbstractMemorySizes] = {
    "hcam": HCAMSizes(num_chunks=24),
    "gtrxl": GTrXLSizes(window=24),
    "lstm": LSTMSizes(width=128),
    "none": NoMemorySizes(width=128),
}
"""HCAM with room for 20 distractors, and a GTrXL that reaches 47 steps back: as far as the longest
episode in training, and not to the first lesson of one with ten distractors."""


def demo(memory: AbstractMemorySizes) -> Experiment:
    """No distractors, and objects next to the agent."""
    task = WordLearning(distractors=(0,), reach=1)
    return from_the_beginning(memory, task, updates=70, entropy_cost=0.04)


def laptop(memory: AbstractMemorySizes) -> Experiment:
    """None to two distractors, as in the paper's training; Ballet's settings."""
    return from_the_beginning(memory, WordLearning(), updates=300)


def paper(memory: AbstractMemorySizes) -> Experiment:
    """The same in pixels with memories of the paper's sizes."""
    return replace(ballet_paper(memory), task=WordLearning(view="pixels"))


PRESETS = four_sizes(
    "word-learning", "word learning", MEMORIES, paper=paper, laptop=laptop, demo=demo
)
"""Presets of word learning by name."""
