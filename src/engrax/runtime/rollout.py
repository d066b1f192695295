"""Acting: one stream of an environment and an agent, in one compiled scan."""

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Key, PyTree

from engrax.agents.base import AbstractAgent
from engrax.envs.base import AbstractEnvironment
from engrax.types import AgentInput, Segment, TimeStep


class Actor(eqx.Module):
    """A stream between two steps: what the environment shows and the agent has not consumed yet.

    Attributes:
        environment: the environment's state.
        step: the time step it shows.
        previous_action: the action that led to it.
        agent: the agent's state before this step.
        key: the key the agent will be given at this step.
        episode_return: the sum of rewards of the episode so far.
    """

    environment: PyTree[Any]
    step: TimeStep
    previous_action: Int[Array, "*b"]
    agent: PyTree[Any]
    key: Key[Array, "*b"]
    episode_return: Float[Array, "*b"]


class Episodes(NamedTuple):
    """Which of a segment's T transitions ended an episode, the return of it, and whether it succeeded."""

    last: Bool[Array, "*t"]
    returns: Float[Array, "*t"]
    success: Bool[Array, "*t"] | None


def start(agent: AbstractAgent, environment: AbstractEnvironment, key: Key[Array, ""]) -> Actor:
    """Opens a stream."""
    reset_key, agent_key = jax.random.split(key)
    state, step = environment.reset(reset_key)
    return Actor(state, step, jnp.zeros((), jnp.int32), agent.init_state(), agent_key, jnp.zeros(()))


def pending(actor: Actor) -> AgentInput:
    """What the agent is to consume next."""
    step = actor.step
    return AgentInput(step.observation, actor.previous_action, step.reward, step.first)


def act(agent: AbstractAgent, actor: Actor, greedy: bool | Bool[Array, ""] = False):
    """What the agent does at the pending step: its next state, the action, the output."""
    return agent.step(actor.agent, pending(actor), key=actor.key, greedy=greedy)


def advance(environment: AbstractEnvironment, actor: Actor, agent_state: PyTree, action, key: Key[Array, ""]) -> Actor:
    """The stream after an action."""
    environment_key, agent_key = jax.random.split(key)
    state, step = environment.step(actor.environment, action, environment_key)
    before = jnp.where(step.first, 0.0, actor.episode_return)
    return Actor(state, step, action, agent_state, agent_key, before + step.reward)


def rollout(
    agent: AbstractAgent,
    environment: AbstractEnvironment,
    actor: Actor,
    key: Key[Array, ""],
    length: int,
    carry_state: bool = True,
) -> tuple[Actor, Segment[Any], Episodes]:
    """Acts for `length` steps of one stream.

    Args:
        agent: acts; its state's derived parts are refreshed first.
        environment: restarts by itself.
        actor: the stream so far.
        key: for the environment and the agent.
        length: T.
        carry_state: whether the segment carries the state it opened with; not where it opens with an episode.

    Returns:
        The stream after T steps, the segment, and the episodes that ended in it.
    """
    actor = eqx.tree_at(lambda a: a.agent, actor, agent.refresh(actor.agent), is_leaf=lambda x: x is None)
    opening = actor.agent if carry_state else None

    def tick(actor: Actor, key: Key[Array, ""]):
        agent_state, action, output = act(agent, actor)
        following = advance(environment, actor, agent_state, action, key)
        seen = (actor.step, actor.previous_action, output.logits, output.value, actor.key)
        return following, (seen, following.episode_return)

    actor, (seen, returns) = jax.lax.scan(tick, actor, jax.random.split(key, length))
    output = act(agent, actor)[2]
    pending = (actor.step, actor.previous_action, output.logits, output.value, actor.key)
    seen = jax.tree.map(lambda all, one: jnp.concatenate([all, one[None]]), seen, pending)
    segment = Segment(*seen, state=opening)
    steps = segment.steps
    success = steps.info["success"][1:] if "success" in steps.info else None
    return actor, segment, Episodes(steps.last[1:], returns, success)
