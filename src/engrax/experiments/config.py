"""Everything that defines a run, as a frozen dataclass."""

from dataclasses import dataclass, field, replace
from typing import Any

import equinox as eqx
import jax
from jaxtyping import Array, Key

from engrax.agents import AbstractAgent, AbstractAgentSizes, ActorCriticSizes
from engrax.algorithms import PPO, AbstractLearner, Ramp
from engrax.envs import AbstractEnvironment
from engrax.gym.host import AbstractHostTask
from engrax.runtime import Placement, Trainer
from engrax.types import Interface

Task = AbstractEnvironment[Any] | AbstractHostTask
"""A task of an experiment: an environment in JAX, or settings that make environments in Python."""


@dataclass(frozen=True, kw_only=True)
class Experiment:
    """A run: a task, an agent, a learner, and how much of it all."""

    task: Task
    """The task."""
    agent: AbstractAgentSizes = field(default_factory=ActorCriticSizes)
    """Which agent, its memory, its sizes, and its self-supervision."""
    learner: AbstractLearner = field(default_factory=PPO)
    """The learning algorithm."""
    streams: int = 64
    """Copies of the task that are played side by side."""
    segment_length: int = 64
    """Steps of each copy between two updates."""
    whole_episodes: bool = False
    """Whether each segment opens with a fresh episode and an empty memory; what it cuts off is
    abandoned."""
    placement: Placement = field(default_factory=Placement)
    """How the streams are divided."""
    updates: int = 1000
    """Updates after which training stops; nothing else depends on it."""
    checkpoint_every: int = 100
    """Updates between checkpoints."""
    seed: int = 0
    """Seed of everything random."""

    def __post_init__(self):
        for name in ("streams", "segment_length", "updates", "checkpoint_every"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}, expected at least 1")
        if not 0 <= self.seed < 2**32:
            raise ValueError(f"seed is {self.seed}, expected 0 to {2**32 - 1}")
        self.placement.check(self.streams, self.learner.minibatches)

    def of_length(self, updates: int) -> "Experiment":
        """The same experiment with another number of updates; ramps are scaled with it."""
        share = updates / self.updates

        def scaled(ramp: Ramp) -> Ramp:
            return replace(
                ramp, start=int(ramp.start * share), updates=max(1, int(ramp.updates * share))
            )

        rate, entropy = scaled(self.learner.learning_rate_ramp), scaled(self.learner.entropy_ramp)
        learner = replace(self.learner, learning_rate_ramp=rate, entropy_ramp=entropy)
        return replace(self, updates=updates, learner=learner)

    def build_agent(self, interface: Interface, key: Key[Array, ""]) -> AbstractAgent[Any]:
        """The agent for an interface, with parameters drawn from the key, compiled once."""
        return eqx.filter_jit(lambda key: self.agent.build(interface, key=key))(key)

    def build(self) -> Trainer:
        """The trainer: task, agent and learner together."""
        agent_key, trainer_key = jax.random.split(jax.random.key(self.seed))
        return Trainer(
            self.build_agent(self.task.interface, agent_key),
            self.task,
            self.learner,
            streams=self.streams,
            segment_length=self.segment_length,
            whole_episodes=self.whole_episodes,
            placement=self.placement,
            key=trainer_key,
        )
