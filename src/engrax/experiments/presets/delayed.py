"""Presets of visual match and key to door: HCAM, MERLIN, and what they are compared with."""

from dataclasses import replace

from engrax.agents import ActorCriticSizes, MERLINSizes
from engrax.agents.scaling import Normalisation
from engrax.algorithms import PPO
from engrax.envs import KeyToDoor, Mixture, VisualMatch
from engrax.experiments.config import Experiment, Task
from engrax.experiments.presets.ballet import RECONSTRUCTION, ballet_paper
from engrax.experiments.presets.debug import debug_size
from engrax.experiments.presets.preset import Preset
from engrax.experiments.presets.sizes import four_sizes
from engrax.memory import (
    AbstractMemorySizes,
    GTrXLSizes,
    HCAMSizes,
    LSTMSizes,
    NoMemorySizes,
    RetroactiveSizes,
)
from engrax.nn.senses import EncoderSizes

MEMORIES: dict[str, AbstractMemorySizes] = {
    "hcam": HCAMSizes(),
    "gtrxl": GTrXLSizes(window=128),
    "lstm": LSTMSizes(width=128),
    "none": NoMemorySizes(width=128),
}
"""HCAM and GTrXL remember a whole episode of 120 steps."""
EASY = VisualMatch(phases=(3, 12, 8), apple_rewards=(1.0,))
ENCODERS = EncoderSizes(
    filter_size=1, filter_channels=16, attribute_scale=1.0, sum_scale=4.0, part_features=32
)


def delayed(memory: AbstractMemorySizes, task: Task, updates: int) -> Experiment:
    """An actor-critic on two cores that looks in its view for what it recalls."""
    agent = ActorCriticSizes(
        memory=memory,
        encoders=ENCODERS,
        hidden=128,
        spatial_attention=4,
        past_in_memory=False,
        normalise=Normalisation(rewards=True),
        weights=RECONSTRUCTION,
    )
    learner = PPO(
        learning_rate=1e-3, discount=0.9, entropy_cost=0.02, minibatches=8, only_effective=True
    )
    return Experiment(
        task=task,
        agent=agent,
        learner=learner,
        streams=128,
        segment_length=110,
        updates=updates,
        checkpoint_every=25,
    )


def match_demo(memory: AbstractMemorySizes) -> Experiment:
    """A delay of 12 steps."""
    return delayed(memory, EASY, updates=100)


def match_laptop(memory: AbstractMemorySizes) -> Experiment:
    """The delay of 90 steps, beside the easy level."""
    return delayed(memory, Mixture((EASY, VisualMatch())), updates=400)


def match_paper(memory: AbstractMemorySizes) -> Experiment:
    """The task in pixels with memories of the paper's sizes."""
    return replace(ballet_paper(memory), task=VisualMatch(view="pixels"))


def key_demo(memory: AbstractMemorySizes) -> Experiment:
    """A delay of 20 steps, and apples that are worth 1."""
    level = KeyToDoor(phases=(10, 20, 15), apple_rewards=(1.0,))
    return with_discount(delayed(memory, level, updates=100), 0.99)


def key_laptop(memory: AbstractMemorySizes) -> Experiment:
    """The task as released."""
    return with_discount(delayed(memory, KeyToDoor(), updates=400), 0.99)


def key_paper(memory: AbstractMemorySizes) -> Experiment:
    """The task in pixels with memories of the paper's sizes."""
    return replace(ballet_paper(memory), task=KeyToDoor(view="pixels"))


def with_discount(experiment: Experiment, discount: float) -> Experiment:
    """The same experiment; the reward of taking a key comes a hundred steps later."""
    return replace(experiment, learner=replace(experiment.learner, discount=discount))


def merlin(experiment: Experiment, rows: int) -> Experiment:
    """MERLIN on the task of an experiment, by its learner, with a row for every step."""
    agent = MERLINSizes(
        width=64,
        store=RetroactiveSizes(rows=rows),
        encoders=replace(ENCODERS, symbols="softmax"),
        latent_in_key=True,
    )
    return replace(experiment, agent=agent)


MERLIN = {
    "demo": merlin(match_demo(HCAMSizes()), 24),
    "laptop": merlin(match_laptop(HCAMSizes()), 112),
}
PRESETS: dict[str, Preset] = {
    **four_sizes(
        "visual-match",
        "visual match",
        MEMORIES,
        paper=match_paper,
        laptop=match_laptop,
        demo=match_demo,
    ),
    **four_sizes(
        "key-to-door", "key to door", MEMORIES, paper=key_paper, laptop=key_laptop, demo=key_demo
    ),
    "merlin-visual-match-laptop": Preset(
        "visual match with MERLIN, for two cores", MERLIN["laptop"]
    ),
    "merlin-visual-match-demo": Preset(
        "visual match at an easy level with MERLIN: minutes on two cores", MERLIN["demo"]
    ),
    "merlin-visual-match-debug": Preset(
        "visual match with MERLIN, tiny: runs in seconds, too small to learn",
        debug_size(MERLIN["demo"]),
    ),
}
"""Presets of the two tasks by name."""
