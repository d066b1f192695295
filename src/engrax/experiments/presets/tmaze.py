"""Presets of the passive T-maze: one sign, remembered for 500 steps."""

from engrax.agents import ActorCriticSizes
from engrax.algorithms import PPO, Ramp
from engrax.envs import TMaze
from engrax.experiments.config import Experiment
from engrax.experiments.presets.preset import TITLES, Preset
from engrax.memory import (
    AbstractMemorySizes,
    GTrXLSizes,
    HCAMSizes,
    LSTMSizes,
    NoMemorySizes,
)

LENGTH = 500
MEMORIES: dict[str, AbstractMemorySizes] = {
    "hcam": HCAMSizes(width=32, num_heads=2, chunk_size=32, num_chunks=16, window=32, mlp_size=64),
    "lstm": LSTMSizes(width=64),
    "gtrxl": GTrXLSizes(width=32, num_heads=2, window=64, mlp_size=64),
    "none": NoMemorySizes(width=64),
}


def tmaze(memory: AbstractMemorySizes, length: int = LENGTH) -> Experiment:
    """PPO on segments of a whole episode.

    A single wrong step spoils an episode: exploration ends before training does.
    """
    updates = 150
    return Experiment(
        task=TMaze(length),
        agent=ActorCriticSizes(memory=memory, reconstruction=False),
        learner=PPO(
            learning_rate=2e-3,
            discount=0.99,
            entropy_cost=0.02,
            learning_rate_ramp=Ramp(end=0.05, start=updates // 2, updates=updates // 2),
            entropy_ramp=Ramp(end=0.0, start=updates // 5, updates=updates // 2),
        ),
        streams=64,
        segment_length=length + 12,
        updates=updates,
        checkpoint_every=25,
    )


PRESETS: dict[str, Preset] = {
    f"{name}-tmaze": Preset(
        f"the passive T-maze of length {LENGTH} with {TITLES[name]}, for two cores", tmaze(memory)
    )
    for name, memory in MEMORIES.items()
}
"""Presets of the T-maze by name."""
