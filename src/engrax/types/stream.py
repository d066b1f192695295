"""Time steps of environments, inputs and outputs of agents, and segments for learners.

One stream has no batch axis and no time axis. In a sequence, time comes first. `jax.vmap` adds
streams in front. The fields are annotated with leading `*t` axes for that reason.
"""

from collections.abc import Mapping
from dataclasses import field
from typing import Any, Generic, TypeVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Key, PyTree

from engrax.types.actions import Action, Policy
from engrax.types.specs import Observation

S = TypeVar("S")


class TimeStep(eqx.Module):
    """A time step of an environment: an observation and the transition that led to it.

    Attributes:
        observation: one array per part, as the interface states.
        reward: of the transition into this step; 0 at `first`.
        discount: 0 only where the episode truly ended; `last` with discount 1 is a truncation.
        first: this step opens an episode.
        last: this step closes an episode; the action given on it is ignored and the next step is a
            `first`.
        info: extra arrays for metrics and linear probes; agents never receive them.
        effective: whether the action given on this step has an effect; true everywhere if not
            given.
    """

    observation: Observation
    reward: Float[Array, "*t"]
    discount: Float[Array, "*t"]
    first: Bool[Array, "*t"]
    last: Bool[Array, "*t"]
    info: Mapping[str, Array] = field(default_factory=dict)
    effective: Bool[Array, "*t"] = None  # pyright: ignore[reportAssignmentType]

    def __post_init__(self):
        if self.effective is None:
            self.effective = jnp.ones_like(self.first)


class AgentInput(eqx.Module):
    """The input of an agent at a step.

    At `first` the previous action and reward belong to another episode: every agent must ignore
    them.
    """

    observation: Observation
    previous_action: Action
    previous_reward: Float[Array, "*t"]
    first: Bool[Array, "*t"]


class AgentOutput(eqx.Module):
    """The output of an agent at a step: policy, value, and what its auxiliary losses need."""

    policy: Policy
    value: Float[Array, "*t"]
    auxiliary: PyTree[Any]


class Segment(eqx.Module, Generic[S]):
    """T consecutive transitions of one stream, with all that is needed to replay the agent over
    them.

    Consecutive segments share one step: the last of one is the first of the next, with the same
    key.

    Attributes:
        steps: T+1 time steps.
        previous_actions: T+1; the action that led to each step, so `actions` are the last T of
            them.
        policy: T+1 behaviour policies, recorded while acting.
        values: T+1 behaviour values, recorded while acting.
        keys: T+1; the key the agent was given at each step.
        state: the agent's state before `steps[0]` was consumed; None where the segment opens with
            an episode and nothing was carried in.
        transported: T; what a learner that transports values adds to the scaled reward of each
            transition; None where it does not.
    """

    steps: TimeStep
    previous_actions: Action
    policy: Policy
    values: Float[Array, "*t"]
    keys: Key[Array, "*t"]
    state: S | None
    transported: Float[Array, "..."] | None = None

    @property
    def inputs(self) -> AgentInput:
        """The T+1 inputs the agent consumed."""
        steps = self.steps
        return AgentInput(steps.observation, self.previous_actions, steps.reward, steps.first)

    @property
    def actions(self) -> Action:
        """The T actions taken; of one stream: time is the first axis."""
        return self.previous_actions[1:]

    @property
    def void(self) -> Bool[Array, "..."]:
        """The T transitions that lead out of a `last` step; they have no loss. A stream axis may
        precede time.
        """
        return self.steps.last[..., :-1]

    @property
    def effective(self) -> Bool[Array, "..."]:
        """Which of the T transitions have an action with an effect. A stream axis may precede
        time.
        """
        return self.steps.effective[..., :-1] & ~self.void


def tree_where(condition: Bool[Array, ""], new: PyTree, old: PyTree) -> PyTree:
    """`new` where the condition holds, else `old`, leaf by leaf. It copies, so use it for small
    states only.
    """
    return jax.tree.map(lambda a, b: jnp.where(condition, a, b), new, old)
