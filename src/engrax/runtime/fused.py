"""The trainer: environment, agent and learner in one compiled update."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, Key, PyTree

from engrax.agents.base import AbstractAgent
from engrax.algorithms import AbstractLearner, make_optimiser, update
from engrax.envs.base import AbstractEnvironment
from engrax.runtime.rollout import Actor, Episodes, rollout, start


class TrainState(eqx.Module):
    """All of a run at one moment: saved and restored, it goes on exactly as it would have.

    Attributes:
        agent: the agent with its parameters.
        optimiser: the optimiser's state.
        actors: the streams, environment and memory states included.
        key: from which all later randomness comes.
        updates: updates made.
    """

    agent: AbstractAgent[Any]
    optimiser: PyTree[Any]
    actors: Actor
    key: Key[Array, ""]
    updates: Int[Array, ""]


class Trainer:
    """Trains an agent on a task.

    Args:
        agent: the agent, freshly made.
        environment: the task.
        learner: the learner's settings.
        streams: copies of the environment that act side by side.
        segment_length: steps of each stream between updates.
        whole_episodes: every segment opens with a fresh episode and an empty memory; what has not ended when the
            segment does is bootstrapped, then abandoned.
        key: from which all randomness but the agent's parameters comes.
    """

    def __init__(
        self,
        agent: AbstractAgent[Any],
        environment: AbstractEnvironment[Any],
        learner: AbstractLearner,
        *,
        streams: int,
        segment_length: int,
        whole_episodes: bool = False,
        key: Key[Array, ""],
    ):
        self.agent, self.environment, self.learner = agent, environment, learner
        self.streams, self.segment_length, self.whole_episodes = streams, segment_length, whole_episodes
        self.key = key
        self.optimiser = make_optimiser(agent, learner.max_gradient_norm, learner.adam_epsilon)
        self.update = jax.jit(self.step, donate_argnums=0)

    def init(self) -> TrainState:
        """The state before the first update."""
        key, start_key = jax.random.split(self.key)
        actors = jax.jit(self._start)(self.agent, start_key)
        optimiser = self.optimiser.init(eqx.filter(self.agent, eqx.is_inexact_array))
        agent = jax.tree.map(jnp.array, self.agent)  # a copy: the trainer's own must survive donation
        return TrainState(agent, optimiser, actors, key, jnp.zeros((), jnp.int32))

    def environment_steps(self, updates: int) -> int:
        """Steps taken over all streams after so many updates."""
        return updates * self.streams * self.segment_length

    def act(self, agent: AbstractAgent[Any], actors: Actor, key: Key[Array, ""]):
        """The acting half of an update: streams after it, segments, episodes."""
        start_key, act_key = jax.random.split(key)
        if self.whole_episodes:
            actors = self._start(agent, start_key)

        def one(actor: Actor, key: Key[Array, ""]):
            return rollout(
                agent, self.environment, actor, key, self.segment_length, carry_state=not self.whole_episodes
            )

        return jax.vmap(one)(actors, jax.random.split(act_key, self.streams))

    def learn(
        self, agent: AbstractAgent[Any], optimiser: PyTree, segments, key: Key[Array, ""], updates: Int[Array, ""]
    ):
        """The learning half of an update: agent, optimiser state, metrics."""
        return update(self.learner, self.optimiser, agent, optimiser, segments, key, updates)

    def step(self, state: TrainState) -> tuple[TrainState, dict[str, Float[Array, ""]]]:
        """An update, not compiled (`update` is, and uses up its state): the state after it, and metrics.

        Under `vmap` it trains several seeds side by side.
        """
        key, act_key, learn_key = jax.random.split(state.key, 3)
        actors, segments, episodes = self.act(state.agent, state.actors, act_key)
        agent, optimiser, metrics = self.learn(state.agent, state.optimiser, segments, learn_key, state.updates)
        following = TrainState(agent, optimiser, actors, key, state.updates + 1)
        return following, metrics | summary(episodes)

    def _start(self, agent: AbstractAgent[Any], key: Key[Array, ""]) -> Actor:
        keys = jax.random.split(key, self.streams)
        return jax.vmap(lambda k: start(agent, self.environment, k))(keys)


def summary(episodes: Episodes) -> dict[str, Float[Array, ""]]:
    """Counts and means over the episodes that ended; NaN means where none did."""
    ended = episodes.last.astype(jnp.float32)
    count = jnp.sum(ended)
    metrics = {"episodes": count, "return": jnp.sum(episodes.returns * ended) / count}
    if episodes.success is not None:
        metrics["success"] = jnp.sum(episodes.success.astype(jnp.float32) * ended) / count
    return metrics
