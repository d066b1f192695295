"""The outputs of an agent over a segment, under its present parameters."""

from typing import Any, TypeVar

import jax
import jax.numpy as jnp
from jaxtyping import PyTree

from engrax.agents.base import AbstractAgent
from engrax.types import AgentOutput, Segment

T = TypeVar("T")


def before_last(tree: T) -> T:
    """The first T of T+1 steps."""
    return jax.tree.map(lambda leaf: leaf[:-1], tree)


def replay(agent: AbstractAgent[Any], segment: Segment[Any]) -> AgentOutput:
    """The agent's T outputs over a segment under its present parameters.

    The opening state is data, but projections of it are recomputed inside the gradient.
    """
    inputs, keys = before_last((segment.inputs, segment.keys))
    return agent.unroll(_opening(agent, segment), inputs, segment.actions, keys)[1]


def replay_to_end(agent: AbstractAgent[Any], segment: Segment[Any]) -> AgentOutput:
    """Likewise T+1 outputs, for a learner that bootstraps from the present value of the last step.

    What is done on the last step is not known yet, and no output depends on it.
    """
    actions = jnp.concatenate([segment.actions, segment.actions[-1:]])
    return agent.unroll(_opening(agent, segment), segment.inputs, actions, segment.keys)[1]


def _opening(agent: AbstractAgent[Any], segment: Segment[Any]) -> PyTree[Any]:
    return None if segment.state is None else agent.unpack(jax.lax.stop_gradient(segment.state))
