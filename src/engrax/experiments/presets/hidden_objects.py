"""Presets of the hidden objects: HCAM and what it is compared with, in four sizes."""

from dataclasses import replace

from engrax.algorithms import Ramp
from engrax.envs import HiddenObjects, Mixture
from engrax.experiments.config import Experiment
from engrax.experiments.presets.ballet import from_the_beginning
from engrax.experiments.presets.sizes import compared, four_sizes
from engrax.memory import AbstractMemorySizes, GTrXLSizes, HCAMSizes
from engrax.nn.senses import EncoderSizes

MEMORIES = compared(HCAMSizes(num_chunks=12), GTrXLSizes(window=144))
ENCODERS = EncoderSizes(text_scale=16.0, sum_scale=4.0, attribute_scale=1.0)
"""Words and attributes count as much as kinds do: they are what is asked for."""
EASY = HiddenObjects(objects=(2,), max_delay=4, reach=1, patience=8)


def demo(memory: AbstractMemorySizes) -> Experiment:
    """Two boxes next to the agent, and short delays."""
    return from_the_beginning(memory, EASY, updates=70, entropy_cost=0.04)


def laptop(memory: AbstractMemorySizes) -> Experiment:
    """Two or four boxes and delays of 0 to 32 steps, beside two boxes and short delays."""
    levels = (HiddenObjects(objects=(2,), max_delay=4), HiddenObjects(objects=(2, 4)))
    slower = Ramp(end=0.1, start=200, updates=200)
    experiment = from_the_beginning(
        memory, Mixture(levels), updates=400, minibatches=8, learning_rate_ramp=slower
    )
    return replace(experiment, agent=replace(experiment.agent, encoders=ENCODERS))


PAPER = HiddenObjects(objects=(2, 4), view="pixels")
PRESETS = four_sizes(
    "hidden-objects", "hidden objects", MEMORIES, paper=PAPER, laptop=laptop, demo=demo
)
"""Presets of the hidden objects by name."""
