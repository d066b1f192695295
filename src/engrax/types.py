"""The nouns: what environments emit, what agents consume, and what learners learn from.

One stream has no batch axis and no time axis; where a sequence is meant, time comes first, and `jax.vmap` adds
streams in front. The fields are annotated with leading `*t` axes for that reason.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Key, PyTree

S = TypeVar("S")

Observation = Mapping[str, Array]
"""What is observed at a step: one array a modality."""


@dataclass(frozen=True)
class ImageSpec:
    """A picture: uint8 `[height, width, channels]`."""

    height: int
    width: int
    channels: int = 3

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one observation."""
        return (self.height, self.width, self.channels)


@dataclass(frozen=True)
class SymbolsSpec:
    """A grid of categorical features: uint8 `[height, width, len(sizes)]`; feature f takes values 0..sizes[f]-1.

    `salience` says how much each feature counts when a grid is reconstructed: 1 each where it is empty.
    """

    height: int
    width: int
    sizes: tuple[int, ...]
    salience: tuple[float, ...] = ()

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one observation."""
        return (self.height, self.width, len(self.sizes))


@dataclass(frozen=True)
class TextSpec:
    """A sentence of token ids: int32 `[length]`; token i reads `vocabulary[i]`."""

    length: int
    vocabulary: tuple[str, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one observation."""
        return (self.length,)


@dataclass(frozen=True)
class VectorSpec:
    """Real numbers: float32 `[size]`."""

    size: int

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one observation."""
        return (self.size,)


Spec = ImageSpec | SymbolsSpec | TextSpec | VectorSpec
"""What one modality looks like."""


class TimeStep(eqx.Module):
    """What an environment emits: an observation and the transition that led to it.

    Attributes:
        observation: one array a modality, as the environment's specs say.
        reward: of the transition into this step; 0 at `first`.
        discount: 0 only where the episode truly ended; `last` with discount 1 is a truncation.
        first: this step opens an episode.
        last: this step closes an episode; the action given on it is ignored and the next step is a `first`.
        info: extra arrays for metrics and masks; agents never see them.
    """

    observation: Observation
    reward: Float[Array, "*t"]
    discount: Float[Array, "*t"]
    first: Bool[Array, "*t"]
    last: Bool[Array, "*t"]
    info: Mapping[str, Array]


class AgentInput(eqx.Module):
    """What an agent consumes at a step.

    At `first` the previous action and reward belong to another episode: every agent must ignore them.
    """

    observation: Observation
    previous_action: Int[Array, "*t"]
    previous_reward: Float[Array, "*t"]
    first: Bool[Array, "*t"]


class AgentOutput(eqx.Module):
    """What an agent says at a step: policy logits, the value, and whatever its auxiliary losses need."""

    logits: Float[Array, "*t a"]
    value: Float[Array, "*t"]
    auxiliary: PyTree[Any]


class Recall(eqx.Module):
    """What a memory looked at in one step.

    Attributes:
        weights: attention per remembered item, 0 where not valid.
        steps_ago: how many steps ago each item was experienced, at least 1 where valid.
        valid: whether the slot holds an item of this episode.
    """

    weights: Float[Array, "n"]
    steps_ago: Int[Array, "n"]
    valid: Bool[Array, "n"]


def nothing_recalled() -> Recall:
    """The recall of what attends to no items."""
    return Recall(jnp.zeros((0,)), jnp.zeros((0,), jnp.int32), jnp.zeros((0,), bool))


class Segment(eqx.Module, Generic[S]):
    """T consecutive transitions of one stream, with all that is needed to replay the agent over them.

    Consecutive segments share one step: the last of one is the first of the next, with the same key.

    Attributes:
        steps: T+1 time steps.
        previous_actions: T+1; the action that led to each step, so `actions` are the last T of them.
        logits: T+1 behaviour logits, recorded while acting.
        values: T+1 behaviour values, recorded while acting.
        keys: T+1; the key the agent was given at each step.
        state: the agent's state before `steps[0]` was consumed; None where the segment opens with an episode
            and nothing was carried in.
    """

    steps: TimeStep
    previous_actions: Int[Array, "*t"]
    logits: Float[Array, "*t a"]
    values: Float[Array, "*t"]
    keys: Key[Array, "*t"]
    state: S | None

    @property
    def inputs(self) -> AgentInput:
        """The T+1 inputs the agent consumed."""
        steps = self.steps
        return AgentInput(steps.observation, self.previous_actions, steps.reward, steps.first)

    @property
    def actions(self) -> Int[Array, "..."]:
        """The T actions taken (time is the last axis, streams may stand before it)."""
        return self.previous_actions[..., 1:]

    @property
    def void(self) -> Bool[Array, "..."]:
        """The T transitions out of a `last` step: they teach nothing."""
        return self.steps.last[..., :-1]


def tree_where(condition: Bool[Array, ""], new: PyTree, old: PyTree) -> PyTree:
    """`new` where the condition holds, else `old`, leaf by leaf. It copies: for small states only."""
    return jax.tree.map(lambda a, b: jnp.where(condition, a, b), new, old)
