"""Ballet's presets: HCAM and what it is compared with."""

from dataclasses import replace

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
from engrax.experiments.tasks import BalletTask, MixtureTask
from engrax.nn.encoders import EncoderSizes

TWO_DANCES = ("up_and_down", "left_and_right")
RECONSTRUCTION = ReconstructionWeights(symbols=0.05, text=0.05)

PAPER_MEMORIES: dict[str, Memory] = {
    "hcam": HCAMMemory(
        width=512, num_layers=4, num_heads=8, chunk_size=32, num_chunks=32, top_k=8, window=32, mlp_size=2048
    ),
    "gtrxl": GTrXLMemory(width=512, num_layers=4, num_heads=8, window=256, mlp_size=2048),
    "lstm": LSTMMemory(width=512),
    "none": NoneMemory(width=512),
}
LAPTOP_MEMORIES: dict[str, Memory] = {
    "dnc": DNCMemory(),
    "gtrxl": GTrXLMemory(),
    "hcam": HCAMMemory(num_chunks=4),
    "lstm": LSTMMemory(width=128),
    "ntm": NTMMemory(),
    "rl-mem": RLMEMMemory(width=64),
    "trxl": TrXLMemory(),
    "none": NoneMemory(width=128),
}


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

    The discount of 0.9 makes haste pay in the choice phase: the policy walks straight to some dancer long before it
    knows which, and so is told sooner and more clearly which was right (docs/tasks/ballet.md has the figures). Values
    count twenty times what they do by default: of an episode's 67 steps only three have anything to tell of success.
    """
    return Experiment(
        task=BalletTask(),
        memory=memory,
        agent=ActorCriticSizes(hears_past=False, weights=RECONSTRUCTION),
        learner=PPO(
            learning_rate=1e-3,
            learning_rate_ramp=Ramp(end=0.2, start=1500, updates=1000),
            discount=0.9,
            entropy_cost=0.05,
            entropy_ramp=Ramp(end=0.2, start=1500, updates=1000),
            value_cost=10.0,
            policy_mask="choice_phase",
        ),
        streams=256,
        segment_length=64,
        updates=5000,
    )


def ballet_demo(memory: Memory) -> Experiment:
    """The laptop's agent on an easier level: 2 dancers, 2 dances, 2 steps apart; in too short a time for ramps.

    It hears of its past actions: with two dances the noise is no matter, and where it is heading tells what is coming.
    """
    experiment = ballet_laptop(memory)
    return replace(
        experiment,
        task=BalletTask(dance_delay=2, dances=TWO_DANCES),
        agent=ActorCriticSizes(weights=RECONSTRUCTION),
        learner=PPO(learning_rate=2e-3, discount=0.9, entropy_cost=0.04, policy_mask="choice_phase"),
        updates=150,
        checkpoint_every=50,
    )


def ballet_levels(memory: Memory) -> Experiment:
    """The laptop's agent on several levels at once (ours): the paper's with 2 and 4 dancers, and two short ones."""
    levels = (
        BalletTask(dance_delay=2, dances=TWO_DANCES),
        BalletTask(dance_delay=2),
        BalletTask(),
        BalletTask(num_dancers=4),
    )
    return replace(ballet_laptop(memory), task=MixtureTask(levels=levels))


PRESETS: dict[str, Experiment] = {
    **{f"{name}-ballet-paper": ballet_paper(memory) for name, memory in PAPER_MEMORIES.items()},
    **{f"{name}-ballet-laptop": ballet_laptop(memory) for name, memory in LAPTOP_MEMORIES.items()},
    **{f"{name}-ballet-demo": ballet_demo(LAPTOP_MEMORIES[name]) for name in ("hcam", "lstm", "none")},
    "hcam-ballet-levels": ballet_levels(LAPTOP_MEMORIES["hcam"]),
}
"""Ballet's presets by name."""
