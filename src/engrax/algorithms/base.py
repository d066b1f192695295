"""What learners share: their common settings, batches, and the terms of a loss."""

import abc
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, PyTree

from engrax.agents.base import AbstractAgent
from engrax.algorithms.replaying import before_last
from engrax.algorithms.transport import Transport
from engrax.losses.masks import Total, alone
from engrax.losses.policy import LARGEST_LOG_RATIO
from engrax.losses.returns import generalised_advantages
from engrax.types import Action, AgentOutput, Number, Segment


@dataclass(frozen=True, kw_only=True)
class Ramp:
    """A linear schedule: a factor on a setting that goes from 1 to `end` and stays there."""

    end: float = 1.0
    """The factor at the end; 1 keeps the setting as it is."""
    start: int = 0
    """Updates before the factor starts to change."""
    updates: int = 1000
    """Updates over which it changes."""

    def __post_init__(self):
        if self.end < 0.0:
            raise ValueError(f"end is {self.end}, expected at least 0: it is a factor")
        if self.start < 0:
            raise ValueError(f"start is {self.start}, expected at least 0")
        if self.updates < 1:
            raise ValueError(f"updates is {self.updates}, expected at least 1")

    def __call__(self, update: Int[Array, ""]) -> Float[Array, ""]:
        """The factor after `update` updates."""
        progress = (update.astype(jnp.float32) - self.start) / self.updates
        return 1.0 + (self.end - 1.0) * jnp.clip(progress, 0.0, 1.0)


class Batch(NamedTuple):
    """A segment, and what a learner computes from it before any gradient step.

    Attributes:
        segment: T transitions.
        valid: [t], 1 where a transition is learned from: all but those out of a `last` step.
        effective: [t], 1 where its policy and entropy are trained: valid, and the action had an
            effect if the learner asks for that.
        targets: the learner's own.
    """

    segment: Segment[Any]
    valid: Float[Array, "*t"]
    effective: Float[Array, "*t"]
    targets: PyTree[Any]


class Targets(NamedTuple):
    """Targets of the policy and of the values, [t] each, from the values recorded while acting."""

    advantages: Float[Array, "*t"]
    returns: Float[Array, "*t"]


class Terms(NamedTuple):
    """The parts of a loss, [t] each, of one segment.

    Attributes:
        policy: the policy loss.
        entropy: of the policy, in nats.
        values: as the agent has them now.
        returns: the values' targets.
        ratio_change: abs(pi / mu - 1), the change of the policy since acting.
        auxiliary: the agent's own losses, weighted.
        metrics: the agent's own, for the log.
    """

    policy: Float[Array, "*t"]
    entropy: Float[Array, "*t"]
    values: Float[Array, "*t"]
    returns: Float[Array, "*t"]
    ratio_change: Float[Array, "*t"]
    auxiliary: Mapping[str, Float[Array, "*t"]]
    metrics: Mapping[str, Float[Array, "*t"]]


@dataclass(frozen=True, kw_only=True)
class AbstractLearner(abc.ABC):
    """Settings and equations of a learner; `engrax.algorithms.learning` does the rest."""

    learning_rate: float = 1e-3
    """Learning rate of Adam."""
    learning_rate_ramp: Ramp = field(default_factory=Ramp)
    """How the learning rate changes with time."""
    policy_rate: float = 1.0
    """Factor on the learning rate of the parameter group `policy`, in agents that have one, such as
    MERLIN.
    """
    policy_delay: int = 0
    """Updates before that group begins to learn; its optimiser's moments follow the gradient from
    the start.
    """
    epochs: int = 1
    """Passes over the segments of an update."""
    minibatches: int = 4
    """Parts of the streams, each of which makes one gradient step in a pass."""
    discount: float = 0.99
    """Factor on future rewards, a step."""
    reward_scale: float = 1.0
    """Factor on rewards in the targets of policy and value; returns are reported without it."""
    entropy_cost: float = 0.01
    """Weight of the policy's entropy."""
    entropy_ramp: Ramp = field(default_factory=Ramp)
    """How the weight of the entropy changes with time."""
    value_cost: float = 0.5
    """Weight of half the squared error of the value."""
    max_gradient_norm: float = 0.5
    """Gradients are scaled down to this norm."""
    adam_epsilon: float = 1e-5
    """Adam's epsilon."""
    only_effective: bool = False
    """Whether policy and entropy are trained only on steps whose action has an effect, as the task
    states it.
    """
    value_only_effective: bool = False
    """Whether the value, too, is trained on these steps only."""
    transport: Transport = field(default_factory=Transport)
    """Temporal value transport."""

    def __post_init__(self):
        for name in ("epochs", "minibatches"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}, expected at least 1")
        if self.policy_delay < 0:
            raise ValueError(f"policy_delay is {self.policy_delay}, expected at least 0")
        if not 0.0 <= self.discount <= 1.0:
            raise ValueError(f"discount is {self.discount}, expected 0 to 1")
        for name in (
            "learning_rate",
            "policy_rate",
            "reward_scale",
            "max_gradient_norm",
            "adam_epsilon",
        ):
            if getattr(self, name) <= 0.0:
                raise ValueError(f"{name} is {getattr(self, name)}, expected more than 0")

    def rate(self, group: str, updates: Int[Array, ""]) -> Float[Array, ""]:
        """The learning rate of a parameter group after `updates` updates."""
        rate = self.learning_rate * self.learning_rate_ramp(updates)
        return (
            rate * self.policy_rate * (updates >= self.policy_delay).astype(rate.dtype)
            if group == "policy"
            else rate
        )

    @abc.abstractmethod
    def prepare(self, segments: Segment[Any], total: Total = alone) -> Batch:
        """A batch [streams, ...] from the segments of an update, with all that is the same for
        every gradient step.

        Args:
            segments: of this device's streams.
            total: sums over the devices that share the update.
        """

    @abc.abstractmethod
    def terms(self, agent: AbstractAgent[Any], batch: Batch) -> Terms:
        """The terms of the loss for one segment."""

    def masks(self, segment: Segment[Any]) -> tuple[Float[Array, "*t"], Float[Array, "*t"]]:
        """Which transitions are learned from, and which of them train the policy; over any leading
        axes.
        """
        valid = ~segment.void
        effective = segment.effective if self.only_effective else valid
        return valid.astype(jnp.float32), effective.astype(jnp.float32)

    def rewards_and_discounts(
        self, segment: Segment[Any]
    ) -> tuple[Float[Array, " t"], Float[Array, " t"]]:
        """Of the T transitions of one segment: the scaled rewards, with what was transported to
        them, and the discounts with the learner's factor.
        """
        steps = segment.steps
        rewards = self.reward_scale * steps.reward[1:]
        if segment.transported is not None:
            rewards = rewards + segment.transported
        return rewards, self.discount * steps.discount[1:]

    def recorded_targets(
        self, segment: Segment[Any], gae_lambda: Number, return_lambda: Number
    ) -> Targets:
        """Generalised advantages with one lambda, and with another the returns that are the values'
        targets.
        """
        given = (*self.rewards_and_discounts(segment), segment.values, segment.void)
        returns = generalised_advantages(*given, return_lambda) + segment.values[:-1]
        return Targets(generalised_advantages(*given, gae_lambda), returns)


def check_unit(**values: float) -> None:
    """Raises a ValueError for a setting that is not from 0 to 1."""
    for name, value in values.items():
        if not 0.0 <= value <= 1.0:
            raise ValueError(f"{name} is {value}, expected 0 to 1")


def log_ratios(outs: AgentOutput, batch: Batch) -> Float[Array, " t"]:
    """log pi(a) - log mu(a), of the policy that learns and of the one that acted; 0 where the
    policy is not trained.

    Masked steps are replaced before any exponential, so that their gradient is 0 and never NaN;
    densities of continuous actions may differ by more than an exponential holds, so the result is
    clipped to `LARGEST_LOG_RATIO` in size.
    """
    segment = batch.segment
    change = action_log_probabilities(outs, segment.actions) - recorded_log_probabilities(segment)
    return jnp.clip(
        jnp.where(batch.effective > 0, change, 0.0), -LARGEST_LOG_RATIO, LARGEST_LOG_RATIO
    )


def action_log_probabilities(outs: AgentOutput, actions: Action) -> Float[Array, " t"]:
    """log pi(a) of the T actions, under the policy that learns."""
    return outs.policy.log_probability(actions)


def recorded_log_probabilities(segment: Segment[Any]) -> Float[Array, " t"]:
    """log mu(a) of the T actions, under the policy that acted."""
    return before_last(segment.policy).log_probability(segment.actions)


def terms_of(
    agent: AbstractAgent[Any],
    batch: Batch,
    outs: AgentOutput,
    ratios: Float[Array, " t"],
    policy: Float[Array, " t"],
    returns: Float[Array, " t"],
) -> Terms:
    """The terms of a loss over one segment.

    Args:
        agent: has losses and metrics of its own.
        batch: of one segment.
        outs: the agent's T outputs.
        ratios: logarithms of the policy's ratios, see `log_ratios`.
        policy: the policy loss.
        returns: the values' targets.
    """
    given = before_last(batch.segment.inputs), outs, batch.segment.actions
    return Terms(
        policy=policy,
        entropy=outs.policy.entropy(),
        values=outs.value,
        returns=returns,
        ratio_change=jnp.abs(jnp.exp(ratios) - 1.0),
        auxiliary=agent.auxiliary_losses(*given, returns, batch.effective),
        metrics=jax.lax.stop_gradient(agent.metrics(*given)),
    )
