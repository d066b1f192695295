"""Everything that defines a run, as a frozen dataclass."""

from dataclasses import dataclass, field, replace
from typing import Any

import equinox as eqx
import jax
from jaxtyping import Array, Key

from engrax.agents import MERLIN, AbstractAgent, ActorCritic, ActorCriticSizes, MERLINSizes
from engrax.algorithms import A2C, IMPALA, PPO
from engrax.envs.base import AbstractEnvironment
from engrax.experiments.memories import Memory, RetroactiveStore
from engrax.experiments.tasks import Task
from engrax.runtime import Trainer

Agent = ActorCriticSizes | MERLINSizes
Learner = PPO | IMPALA | A2C


@dataclass(frozen=True, kw_only=True)
class Experiment:
    """A run: a task, an agent with a memory, a learner, and how much of it all."""

    task: Task
    """What is played."""
    memory: Memory
    """What the agent remembers with."""
    agent: Agent = field(default_factory=ActorCriticSizes)
    """Which agent, its sizes, and its self-supervision."""
    learner: Learner = field(default_factory=PPO)
    """What makes the agent better."""
    streams: int = 64
    """Copies of the task that are played side by side."""
    segment_length: int = 64
    """Steps of each copy between two updates."""
    whole_episodes: bool = False
    """Whether each segment opens with a fresh episode and an empty memory, and abandons what it cuts off."""
    updates: int = 1000
    """Updates after which training stops; nothing else depends on it."""
    checkpoint_every: int = 100
    """Updates between checkpoints."""
    seed: int = 0
    """Of everything random."""

    def __post_init__(self):
        for name in ("streams", "segment_length", "updates", "checkpoint_every"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}, expected at least 1")
        if not 0 <= self.seed < 2**32:
            raise ValueError(f"seed is {self.seed}, expected 0 to {2**32 - 1}")
        if self.streams % self.learner.minibatches:
            raise ValueError(
                f"streams is {self.streams}, which learner.minibatches, {self.learner.minibatches}, does not divide: "
                "every minibatch takes the same number of streams"
            )
        if (self.agent.kind == "merlin") != (self.memory.kind == "retroactive"):
            raise ValueError(
                f"agent {self.agent.kind} does not go with memory {self.memory.kind}: agent merlin and memory "
                "retroactive need each other; for that store under another agent choose memory rl_mem"
            )

    def of_length(self, updates: int) -> "Experiment":
        """The same experiment with another number of updates, and ramps as much shorter or longer."""
        share = updates / self.updates
        scaled = lambda ramp: replace(ramp, start=int(ramp.start * share), updates=max(1, int(ramp.updates * share)))  # noqa: E731
        rate, entropy = scaled(self.learner.learning_rate_ramp), scaled(self.learner.entropy_ramp)
        return replace(
            self, updates=updates, learner=replace(self.learner, learning_rate_ramp=rate, entropy_ramp=entropy)
        )

    def build_agent(self, environment: AbstractEnvironment, key: Key[Array, ""]) -> AbstractAgent[Any]:
        """The agent, with parameters drawn from the key."""
        specs, actions = environment.observation_spec, environment.num_actions
        match self.agent, self.memory:
            case MERLINSizes() as sizes, RetroactiveStore() as store:
                return MERLIN(specs, actions, store=store.build(sizes.latent), sizes=sizes, key=key)
            case ActorCriticSizes() as sizes, memory if not isinstance(memory, RetroactiveStore):
                return ActorCritic(specs, actions, memory=memory.build, sizes=sizes, key=key)
        raise AssertionError("agent and memory do not go together")

    def build(self) -> Trainer:
        """The trainer: task, agent and learner together."""
        environment = self.task.build()
        agent_key, trainer_key = jax.random.split(jax.random.key(self.seed))
        return Trainer(
            eqx.filter_jit(self.build_agent)(environment, agent_key),  # one compilation, not one an initialiser
            environment,
            self.learner,
            streams=self.streams,
            segment_length=self.segment_length,
            whole_episodes=self.whole_episodes,
            key=trainer_key,
        )
