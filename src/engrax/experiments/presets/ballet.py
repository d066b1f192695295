"""Ballet's presets: HCAM and what it is compared with."""

from dataclasses import replace
from typing import Any

from engrax.agents import ActorCriticSizes, ReconstructionWeights
from engrax.algorithms import IMPALA, PPO, Ramp
from engrax.envs import Ballet, Mixture
from engrax.experiments.config import Experiment, Task
from engrax.experiments.presets.preset import TITLES, Preset
from engrax.memory import (
    AbstractMemorySizes,
    DNCSizes,
    GTrXLSizes,
    HCAMSizes,
    LSTMSizes,
    NoMemorySizes,
    NTMSizes,
    RLMEMSizes,
    TrXLSizes,
)
from engrax.nn.senses import EncoderSizes

TWO_DANCES = ("up_and_down", "left_and_right")
RECONSTRUCTION = ReconstructionWeights(symbols=0.05, text=0.05)

PAPER_MEMORIES: dict[str, AbstractMemorySizes] = {
    "hcam": HCAMSizes(
        width=512,
        num_layers=4,
        num_heads=8,
        chunk_size=32,
        num_chunks=32,
        top_k=8,
        window=32,
        mlp_size=2048,
        read_init="he",
    ),
    "gtrxl": GTrXLSizes(width=512, num_layers=4, num_heads=8, window=256, mlp_size=2048),
    "lstm": LSTMSizes(width=512),
    "none": NoMemorySizes(width=512),
}
LAPTOP_MEMORIES: dict[str, AbstractMemorySizes] = {
    "dnc": DNCSizes(),
    "gtrxl": GTrXLSizes(),
    "hcam": HCAMSizes(),
    "lstm": LSTMSizes(width=128),
    "ntm": NTMSizes(),
    "rl-mem": RLMEMSizes(width=64),
    "trxl": TrXLSizes(),
    "none": NoMemorySizes(width=128),
}
LEVELS_MEMORIES: dict[str, AbstractMemorySizes] = {
    "hcam": LAPTOP_MEMORIES["hcam"],
    "gtrxl": GTrXLSizes(window=144),
    "gtrxl-light": GTrXLSizes(width=48, mlp_size=96, window=144),
    "lstm": LAPTOP_MEMORIES["lstm"],
}
"""HCAM with room for a delay of 48, GTrXL that reaches as far back, in two sizes, and an LSTM."""


def ballet_paper(memory: AbstractMemorySizes) -> Experiment:
    """Ballet in pixels at the paper's sizes: an accelerator's work."""
    encoders = EncoderSizes(image_features=512)
    return Experiment(
        task=Ballet(view="pixels"),
        agent=ActorCriticSizes(memory=memory, encoders=encoders, hidden=512),
        learner=IMPALA(
            learning_rate=1e-4,
            discount=1.0,
            entropy_cost=0.01,
            max_gradient_norm=40.0,
            adam_epsilon=1e-8,
            only_effective=True,
        ),
        streams=64,
        segment_length=64,
        updates=250_000,
        checkpoint_every=200,
    )


def ballet_laptop(memory: AbstractMemorySizes) -> Experiment:
    """Ballet's 2_delay16 in symbols, small enough for two cores.

    A level for agents that have learned easier ones (`--from`); `ballet_levels` learns it in one
    run, beside easier levels. Its choices, and the effect of each, are in docs/tasks/ballet.md.
    """
    return Experiment(
        task=Ballet(),
        agent=ActorCriticSizes(
            memory=memory,
            encoders=EncoderSizes(text_scale=4.0, sum_scale=4.0),
            past_in_memory=False,
            past_in_heads=True,
            weights=RECONSTRUCTION,
        ),
        learner=PPO(
            learning_rate=1e-3,
            discount=0.8,
            entropy_cost=0.05,
            value_cost=2.0,
            only_effective=True,
            value_only_effective=True,
        ),
        streams=256,
        segment_length=64,
        updates=600,
    )


def ballet_demo(memory: AbstractMemorySizes) -> Experiment:
    """The laptop's agent on an easier level: 2 dancers, 2 dances, 2 steps apart."""
    level = Ballet(dance_delay=2, dances=TWO_DANCES)
    return from_the_beginning(memory, level, updates=70, entropy_cost=0.04)


def ballet_levels(memory: AbstractMemorySizes) -> Experiment:
    """The paper's 2_delay16 beside two easier levels (ours), both with a delay of 2."""
    levels = (Ballet(dance_delay=2, dances=TWO_DANCES), Ballet(dance_delay=2), Ballet())
    slower = Ramp(end=0.1, start=130, updates=170)
    return from_the_beginning(memory, Mixture(levels), updates=300, learning_rate_ramp=slower)


def from_the_beginning(
    memory: AbstractMemorySizes, task: Task, updates: int, **changed: Any
) -> Experiment:
    """The laptop's agent, trained from scratch; `changed` are settings of the learner."""
    experiment = ballet_laptop(memory)
    learner = replace(experiment.learner, learning_rate=2e-3, **changed)
    return replace(experiment, task=task, learner=learner, updates=updates, checkpoint_every=25)


def _paper(name: str) -> Preset:
    text = (
        f"Ballet 2_delay16 in pixels with {TITLES[name]}, at the paper's sizes: for an accelerator"
    )
    return Preset(text, ballet_paper(PAPER_MEMORIES[name]))


def _laptop(name: str) -> Preset:
    text = f"Ballet 2_delay16 in symbols with {TITLES[name]}, for two cores, after an easier level"
    return Preset(text, ballet_laptop(LAPTOP_MEMORIES[name]))


def _demo(name: str) -> Preset:
    text = (
        f"an easy level of Ballet (two dances) in symbols with {TITLES[name]}: minutes on two cores"
    )
    return Preset(text, ballet_demo(LAPTOP_MEMORIES[name]))


def _levels(name: str) -> Preset:
    text = f"Ballet 2_delay16 and two easier levels in symbols with {TITLES[name]}, for two cores"
    return Preset(text, ballet_levels(LEVELS_MEMORIES[name]))


PRESETS: dict[str, Preset] = {
    **{f"{name}-ballet-paper": _paper(name) for name in PAPER_MEMORIES},
    **{f"{name}-ballet-laptop": _laptop(name) for name in LAPTOP_MEMORIES},
    **{f"{name}-ballet-demo": _demo(name) for name in ("hcam", "lstm", "none")},
    **{f"{name}-ballet-levels": _levels(name) for name in LEVELS_MEMORIES},
}
"""Ballet's presets by name."""
