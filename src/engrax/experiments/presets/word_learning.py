"""Presets of word learning: HCAM and what it is compared with, in four sizes."""

from dataclasses import replace
from typing import Any

from engrax.algorithms import Ramp
from engrax.envs import Mixture, WordLearning
from engrax.experiments.config import Experiment, Task
from engrax.experiments.presets.ballet import from_the_beginning
from engrax.experiments.presets.hidden_objects import ENCODERS
from engrax.experiments.presets.sizes import compared, four_sizes, short_chunks
from engrax.memory import AbstractMemorySizes, GTrXLSizes

MEMORIES = compared(
    short_chunks(64),
    GTrXLSizes(window=24),
)
"""HCAM with room for 20 distractors, and a GTrXL that reaches 47 steps back: as far as the longest
episode in training, and not to the first lesson of one with ten distractors."""


def experiment(memory: AbstractMemorySizes, task: Task, updates: int, **changed: Any) -> Experiment:
    """Ballet's settings, and attention over the view: what is recalled has to be found in it.

    `changed` are settings of the learner.
    """
    start = from_the_beginning(memory, task, updates, minibatches=8, **changed)
    encoders = replace(ENCODERS, part_features=32)
    agent = replace(start.agent, encoders=encoders, spatial_attention=8, hidden=256)
    return replace(start, agent=agent)


def demo(memory: AbstractMemorySizes) -> Experiment:
    """No distractors, and one object of three is named."""
    return experiment(memory, WordLearning(distractors=(0,), reach=1, named=1), updates=70)


def laptop(memory: AbstractMemorySizes) -> Experiment:
    """None to two distractors, as in the paper's training, beside lessons of one name.

    One name need not be told from others: so the agent first learns to find in its view what it
    recalls, and then which of three to recall. With three names from the beginning neither is
    learnt, as each is of no use without the other.
    """
    level = WordLearning(reach=1)
    levels = Mixture((level, replace(level, named=1)))
    slower = {
        "learning_rate_ramp": Ramp(end=0.05, start=300, updates=340),
        "entropy_ramp": Ramp(end=0.2, start=200, updates=300),
    }
    return experiment(memory, levels, updates=640, **slower)


PRESETS = four_sizes(
    "word-learning",
    "word learning",
    MEMORIES,
    paper=WordLearning(view="pixels"),
    laptop=laptop,
    demo=demo,
)
"""Presets of word learning by name."""
