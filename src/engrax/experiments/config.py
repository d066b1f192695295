"""Everything that defines a run, as frozen dataclasses."""

from dataclasses import dataclass, field
from typing import Literal

import equinox as eqx
import jax
from jaxtyping import Array, Key

from engrax.agents import ActorCritic, ActorCriticSizes
from engrax.algorithms import IMPALA, PPO
from engrax.envs import Ballet, Recall
from engrax.envs.base import AbstractEnvironment
from engrax.memory import HCAM, LSTM, AbstractMemory, NoMemory
from engrax.memory.hcam import check_sizes
from engrax.runtime import Trainer


@dataclass(frozen=True, kw_only=True)
class BalletTask:
    """Watch the dances, then find the dancer whose dance is named."""

    kind: Literal["ballet"] = "ballet"
    num_dancers: int = 2
    """Dancers, 1 to 8. The paper's levels have 2, 4 and 8."""
    dance_delay: int = 16
    """Steps between dances. The paper's levels have 16 and 48."""
    max_steps: int | None = None
    """The step at which an episode times out; the paper's 320 (delay up to 16) or 1024 where none is given."""
    view: Literal["symbols", "pixels"] = "symbols"
    """What is seen of each square: its symbols, or 9 x 9 pixels."""
    dances: tuple[str, ...] | None = None
    """Dances to draw from; all 13 where none are given."""

    def __post_init__(self):
        self.build()

    def build(self) -> AbstractEnvironment:
        """The environment."""
        return Ballet(self.num_dancers, self.dance_delay, self.max_steps, self.view, self.dances)


@dataclass(frozen=True, kw_only=True)
class RecallTask:
    """See a cue, wait, and name it: a probe with known values."""

    kind: Literal["recall"] = "recall"
    delay: int = 8
    """Steps between the cue and the query."""
    num_cues: int = 4
    """Cues to tell apart; chance is 1 in so many."""
    distractors: bool = False
    """Whether the steps between show other items."""

    def __post_init__(self):
        self.build()

    def build(self) -> AbstractEnvironment:
        """The environment."""
        return Recall(self.delay, self.num_cues, self.distractors)


@dataclass(frozen=True, kw_only=True)
class HCAMMemory:
    """Hierarchical chunk attention memory."""

    kind: Literal["hcam"] = "hcam"
    width: int = 64
    """Width of every layer."""
    num_layers: int = 2
    """Stacked layers, each with a memory of its own."""
    num_heads: int = 4
    """Attention heads; they divide the width."""
    chunk_size: int = 16
    """Steps in a chunk."""
    num_chunks: int = 8
    """Complete chunks that stay readable."""
    top_k: int = 2
    """Chunks that a step attends to in detail."""
    window: int = 16
    """Steps of local attention, at least a chunk."""
    mlp_size: int = 128
    """Hidden units of a layer's MLP."""

    def __post_init__(self):
        check_sizes(self.width, self.num_heads, self.chunk_size, self.num_chunks, self.top_k, self.window)

    def build(self, input_size: int, *, key: Key[Array, ""]) -> AbstractMemory:
        """The memory."""
        return HCAM(
            input_size,
            width=self.width,
            num_layers=self.num_layers,
            num_heads=self.num_heads,
            chunk_size=self.chunk_size,
            num_chunks=self.num_chunks,
            top_k=self.top_k,
            window=self.window,
            mlp_size=self.mlp_size,
            key=key,
        )


@dataclass(frozen=True, kw_only=True)
class LSTMMemory:
    """One LSTM layer."""

    kind: Literal["lstm"] = "lstm"
    width: int = 128
    """Width of the hidden and of the cell state."""

    def build(self, input_size: int, *, key: Key[Array, ""]) -> AbstractMemory:
        """The memory."""
        return LSTM(input_size, width=self.width, key=key)


@dataclass(frozen=True, kw_only=True)
class NoneMemory:
    """No memory: the control."""

    kind: Literal["none"] = "none"
    width: int = 128
    """Width of the output."""

    def build(self, input_size: int, *, key: Key[Array, ""]) -> AbstractMemory:
        """The memory."""
        return NoMemory(input_size, width=self.width, key=key)


Task = BalletTask | RecallTask
Memory = HCAMMemory | LSTMMemory | NoneMemory
Learner = PPO | IMPALA


@dataclass(frozen=True, kw_only=True)
class Experiment:
    """A run: a task, an agent with a memory, a learner, and how much of it all."""

    task: Task
    """What is played."""
    memory: Memory
    """What the agent remembers with."""
    agent: ActorCriticSizes = field(default_factory=ActorCriticSizes)
    """Sizes of the agent around its memory, and its self-supervision."""
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

    def build_agent(self, environment: AbstractEnvironment, key: Key[Array, ""]) -> ActorCritic:
        """The agent, with parameters drawn from the key."""
        memory = self.memory.build
        return ActorCritic(
            environment.observation_spec, environment.num_actions, memory=memory, sizes=self.agent, key=key
        )

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
