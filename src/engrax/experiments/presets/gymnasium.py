"""Experiments on Gymnasium environments: defaults for any, and presets for some."""

from dataclasses import replace
from typing import Any

from engrax.agents import ActorCriticSizes, ReconstructionWeights
from engrax.algorithms import PPO
from engrax.experiments.config import Experiment
from engrax.gym.task import GymnasiumTask
from engrax.memory import AbstractMemorySizes, HCAMSizes, LSTMSizes, NoMemorySizes

PREFIX = "gymnasium:"
"""What stands before an environment's id where an experiment is named."""

MEMORIES: dict[str, AbstractMemorySizes] = {
    "hcam": HCAMSizes(),
    "lstm": LSTMSizes(),
    "none": NoMemorySizes(),
}


def gymnasium_experiment(task: GymnasiumTask, **changed: Any) -> Experiment:
    """PPO with HCAM, with settings that work on small environments; `changed` are the experiment's."""
    experiment = Experiment(
        task=task,
        agent=ActorCriticSizes(weights=ReconstructionWeights(image=0.1, symbols=0.1, text=0.1, vector=0.1)),
        learner=PPO(
            learning_rate=1e-3,
            epochs=4,
            minibatches=4,
            discount=0.99,
            entropy_cost=0.01,
        ),
        streams=16,
        segment_length=128,
        updates=250,
        checkpoint_every=25,
    )
    return replace(experiment, **changed)
