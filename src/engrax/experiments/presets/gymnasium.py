"""Experiments on Gymnasium environments: defaults for any environment, and presets for some."""

from dataclasses import replace
from typing import Any

from engrax.agents import ActorCriticSizes, ReconstructionWeights
from engrax.agents.scaling import Normalisation
from engrax.algorithms import PPO
from engrax.experiments.config import Experiment, Task
from engrax.experiments.presets.preset import TITLES, Preset
from engrax.gym.task import GymnasiumTask
from engrax.memory import (
    AbstractMemorySizes,
    GTrXLSizes,
    HCAMSizes,
    LSTMSizes,
    NoMemorySizes,
)
from engrax.nn.senses import EncoderSizes

PREFIX, GYMNAX = "gymnasium:", "gymnax:"
"""What stands before an environment's id where an experiment is named."""

MEMORIES: dict[str, AbstractMemorySizes] = {
    "hcam": HCAMSizes(),
    "gtrxl": GTrXLSizes(),
    "lstm": LSTMSizes(width=64),
    "none": NoMemorySizes(width=64),
}


def gymnax_experiment(task: Task) -> Experiment:
    """The same for an environment that is traced: streams cost little, so there are more."""
    experiment = gymnasium_experiment(task)
    return replace(experiment, streams=128, checkpoint_every=50)


def gymnasium_experiment(task: Task) -> Experiment:
    """PPO with HCAM, with settings for small environments that run in Python."""
    weights = ReconstructionWeights(image=0.1, symbols=0.1, text=0.1, vector=0.1)
    return Experiment(
        task=task,
        agent=ActorCriticSizes(
            weights=weights,
            encoders=EncoderSizes(whole_grid=True),
            normalise=Normalisation(vectors=True),
        ),
        learner=PPO(learning_rate=1e-3, epochs=4, discount=0.99, entropy_cost=0.01),
        streams=32,
        segment_length=64,
        updates=500,
        checkpoint_every=25,
    )


def with_memory(experiment: Experiment, memory: AbstractMemorySizes, **changed: Any) -> Experiment:
    """The experiment with another memory; `changed` are the learner's settings."""
    learner = replace(experiment.learner, **changed)
    return replace(experiment, agent=replace(experiment.agent, memory=memory), learner=learner)


def as_they_are(experiment: Experiment) -> Experiment:
    """The experiment with vectors that are not scaled, as they are of order 1."""
    return replace(experiment, agent=replace(experiment.agent, normalise=Normalisation()))


def hidden(name: str) -> GymnasiumTask:
    """An environment that hides velocities; `engrax probe` asks for their signs."""
    return GymnasiumTask(name, question="hidden_positive", question_known="hidden_known")


def cartpole_hidden(memory: AbstractMemorySizes) -> Experiment:
    """CartPole without velocities: returns are up to 500, so rewards are scaled down."""
    experiment = as_they_are(gymnasium_experiment(hidden("engrax/CartPoleHidden-v0")))
    experiment = with_memory(experiment, memory, learning_rate=2e-3, reward_scale=0.05)
    return replace(experiment, updates=200)


def memory_s7(memory: AbstractMemorySizes) -> Experiment:
    """MiniGrid-MemoryS7: look at an object, walk along a corridor, and choose the same one of two.

    With its view of 7 squares an agent can see the object from the end of the corridor, too: it can
    turn back and needs no memory.
    """
    experiment = gymnasium_experiment(GymnasiumTask("MiniGrid-MemoryS7-v0"))
    return replace(with_memory(experiment, memory, entropy_cost=0.02), updates=250)


def memory_s7_view_3(memory: AbstractMemorySizes) -> Experiment:
    """The same with a view of 3 squares: at the end of the corridor the object is out of sight."""
    task = GymnasiumTask("MiniGrid-MemoryS7-v0", '{"agent_view_size": 3}')
    return replace(memory_s7(memory), task=task, updates=900)


def memory_s13(memory: AbstractMemorySizes) -> Experiment:
    """MiniGrid-MemoryS13: the same with a long corridor, in which an episode begins anywhere.

    An agent has to walk back to the object first.
    """
    return replace(memory_s7(memory), task=GymnasiumTask("MiniGrid-MemoryS13-v0"), updates=1465)


def repeat_previous(memory: AbstractMemorySizes) -> Experiment:
    """POPGym's RepeatPreviousEasy: name the suit of the card that was shown four steps before."""
    experiment = gymnasium_experiment(GymnasiumTask("popgym-RepeatPreviousEasy-v0"))
    return replace(with_memory(experiment, memory), updates=489)


def pendulum_hidden(memory: AbstractMemorySizes) -> Experiment:
    """Pendulum without the velocity: continuous actions, returns from about -1,500 to -150."""
    experiment = as_they_are(gymnasium_experiment(hidden("engrax/PendulumHidden-v0")))
    changed = {"discount": 0.95, "reward_scale": 0.1, "entropy_cost": 0.002}
    return replace(with_memory(experiment, memory, **changed), updates=300)


TASKS = {
    "cartpole-hidden": (cartpole_hidden, "CartPole without velocities"),
    "minigrid-memory-s7": (memory_s7, "MiniGrid-MemoryS7"),
    "minigrid-memory-s13": (memory_s13, "MiniGrid-MemoryS13"),
    "minigrid-memory-s7-view-3": (memory_s7_view_3, "MiniGrid-MemoryS7 with a view of 3 squares"),
    "pendulum-hidden": (pendulum_hidden, "Pendulum without velocity"),
    "popgym-repeat-previous-easy": (repeat_previous, "POPGym's RepeatPreviousEasy"),
}

PRESETS: dict[str, Preset] = {
    f"{name}-{task}": Preset(f"{title}, with {TITLES[name]}", make(memory))
    for task, (make, title) in TASKS.items()
    for name, memory in MEMORIES.items()
}
"""Presets of Gymnasium environments by name."""
