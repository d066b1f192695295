"""Ballet's presets: HCAM and what it is compared with."""

from dataclasses import replace
from typing import Any

from engrax.agents import ActorCriticSizes, ReconstructionWeights
from engrax.algorithms import IMPALA, PPO, Ramp
from engrax.experiments.config import Experiment
from engrax.experiments.memories import (
    DNCMemory,
    GTrXLMemory,
    HCAMMemory,
    LSTMMemory,
    Memory,
    NoneMemory,
    NTMMemory,
    RLMEMMemory,
    TrXLMemory,
)
from engrax.experiments.tasks import BalletTask, MixtureTask, Task
from engrax.nn.encoders import EncoderSizes

TWO_DANCES = ("up_and_down", "left_and_right")
RECONSTRUCTION = ReconstructionWeights(symbols=0.05, text=0.05)

PAPER_MEMORIES: dict[str, Memory] = {
    "hcam": HCAMMemory(
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
    "gtrxl": GTrXLMemory(width=512, num_layers=4, num_heads=8, window=256, mlp_size=2048),
    "lstm": LSTMMemory(width=512),
    "none": NoneMemory(width=512),
}
LAPTOP_MEMORIES: dict[str, Memory] = {
    "dnc": DNCMemory(),
    "gtrxl": GTrXLMemory(),
    "hcam": HCAMMemory(),
    "lstm": LSTMMemory(width=128),
    "ntm": NTMMemory(),
    "rl-mem": RLMEMMemory(width=64),
    "trxl": TrXLMemory(),
    "none": NoneMemory(width=128),
}
LEVELS_MEMORIES: dict[str, Memory] = {
    "hcam": LAPTOP_MEMORIES["hcam"],
    "gtrxl": GTrXLMemory(window=144),
    "gtrxl-light": GTrXLMemory(width=48, mlp_size=96, window=144),
    "lstm": LAPTOP_MEMORIES["lstm"],
}
"""HCAM with room for a delay of 48, GTrXL that reaches as far back, the same with as few FLOPs as HCAM, and an LSTM."""


def ballet_paper(memory: Memory) -> Experiment:
    """Ballet in pixels at the paper's sizes: an accelerator's work."""
    return Experiment(
        task=BalletTask(view="pixels"),
        memory=memory,
        agent=ActorCriticSizes(encoders=EncoderSizes(image_features=512), hidden=512),
        learner=IMPALA(
            learning_rate=1e-4,
            discount=1.0,
            entropy_cost=0.01,
            max_gradient_norm=40.0,
            adam_epsilon=1e-8,
            policy_mask="choice_phase",
        ),
        streams=64,
        segment_length=64,
        updates=250_000,
        checkpoint_every=200,
    )


def ballet_laptop(memory: Memory) -> Experiment:
    """Ballet's 2_delay16 in symbols, small enough for two cores.

    A level for those who go on from an agent that knows easier ones (`--from`); `ballet_levels` learns it in one run,
    with them beside it. What is chosen here, and what it is worth, is in docs/tasks/ballet.md.
    """
    return Experiment(
        task=BalletTask(),
        memory=memory,
        agent=ActorCriticSizes(
            encoders=EncoderSizes(text_scale=4.0, sum_scale=4.0),
            hears_past=False,
            heads_hear_past=True,
            weights=RECONSTRUCTION,
        ),
        learner=PPO(
            learning_rate=1e-3,
            discount=0.8,
            entropy_cost=0.05,
            value_cost=2.0,
            value_masked=True,
            policy_mask="choice_phase",
        ),
        streams=256,
        segment_length=64,
        updates=600,
    )


def ballet_demo(memory: Memory) -> Experiment:
    """The laptop's agent on an easier level: 2 dancers, 2 dances, 2 steps apart."""
    return from_the_beginning(memory, BalletTask(dance_delay=2, dances=TWO_DANCES), updates=70, entropy_cost=0.04)


def ballet_levels(memory: Memory) -> Experiment:
    """The paper's 2_delay16 with two easier levels beside it (ours): two dances, and all of them a short time apart."""
    levels = (BalletTask(dance_delay=2, dances=TWO_DANCES), BalletTask(dance_delay=2), BalletTask())
    slower = Ramp(end=0.1, start=130, updates=170)
    return from_the_beginning(memory, MixtureTask(levels=levels), updates=300, learning_rate_ramp=slower)


def from_the_beginning(memory: Memory, task: Task, updates: int, **changed: Any) -> Experiment:
    """The laptop's agent on what it can learn without having learnt anything before; `changed` are the learner's."""
    experiment = ballet_laptop(memory)
    learner = replace(experiment.learner, learning_rate=2e-3, **changed)
    return replace(experiment, task=task, learner=learner, updates=updates, checkpoint_every=25)


PRESETS: dict[str, Experiment] = {
    **{f"{name}-ballet-paper": ballet_paper(memory) for name, memory in PAPER_MEMORIES.items()},
    **{f"{name}-ballet-laptop": ballet_laptop(memory) for name, memory in LAPTOP_MEMORIES.items()},
    **{f"{name}-ballet-demo": ballet_demo(LAPTOP_MEMORIES[name]) for name in ("hcam", "lstm", "none")},
    **{f"{name}-ballet-levels": ballet_levels(memory) for name, memory in LEVELS_MEMORIES.items()},
}
"""Ballet's presets by name."""
