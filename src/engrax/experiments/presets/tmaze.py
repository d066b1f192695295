"""Presets of the passive T-maze: one sign, remembered for 500 steps."""

from engrax.agents import ActorCriticSizes
from engrax.algorithms import PPO, Ramp
from engrax.envs import Mixture, TMaze
from engrax.experiments.config import Experiment
from engrax.experiments.presets.preset import TITLES, Preset
from engrax.memory import (
    AbstractMemorySizes,
    GTrXLSizes,
    HCAMSizes,
    LSTMSizes,
    NoMemorySizes,
)

LENGTHS = (10, 100, 500)
MEMORIES: dict[str, AbstractMemorySizes] = {
    "hcam": HCAMSizes(width=32, num_heads=2, chunk_size=32, num_chunks=16, window=32, mlp_size=64),
    "lstm": LSTMSizes(width=64),
    "gtrxl": GTrXLSizes(width=32, num_heads=2, window=64, mlp_size=64),
    "none": NoMemorySizes(width=64),
}


def tmaze(memory: AbstractMemorySizes) -> Experiment:
    """PPO on three lengths at once: by the shorter ones the agent learns to walk right.

    In the long corridor alone one wrong step decides all later rewards, so that almost no step of a
    random player teaches anything. Exploration ends before training does, as a single wrong step
    spoils an episode. The discount is small: a step to the right pays at once, and so does the
    turn; what lies far ahead is noise. With 0.99, one seed of two never learned to walk right.
    """
    updates = 150
    slower = Ramp(end=0.05, start=updates // 2, updates=updates // 2)
    greedier = Ramp(end=0.0, start=updates // 5, updates=updates // 2)
    return Experiment(
        task=Mixture(tuple(map(TMaze, LENGTHS))),
        agent=ActorCriticSizes(memory=memory, reconstruction=False),
        learner=PPO(
            learning_rate=2e-3,
            discount=0.9,
            reward_scale=5.0,
            entropy_cost=0.005,
            learning_rate_ramp=slower,
            entropy_ramp=greedier,
        ),
        streams=96,
        segment_length=LENGTHS[-1] + 12,
        updates=updates,
        checkpoint_every=25,
    )


PRESETS: dict[str, Preset] = {
    f"{name}-tmaze": Preset(
        f"the passive T-maze of length {LENGTHS[-1]} and two shorter ones with {TITLES[name]}",
        tmaze(memory),
    )
    for name, memory in MEMORIES.items()
}
"""Presets of the T-maze by name."""
