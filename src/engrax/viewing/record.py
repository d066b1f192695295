"""Recording episodes: what the agent saw, did and recalled at every step."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, Key

from engrax.agents.base import AbstractAgent
from engrax.envs.base import AbstractEnvironment
from engrax.runtime.rollout import Actor, act, advance, pending, start

_BLOCK = 64
"""Steps that are played in one compiled call."""


class Episode(NamedTuple):
    """One whole episode of T steps, as arrays of the host with time first.

    Attributes:
        observation: one array a modality, [T, ...].
        action: what the agent chose on each step; on the last it is ignored.
        reward: of the transition into each step.
        first: true on step 0 only.
        last: true on step T-1 only.
        info: what the task tells besides.
        policy: probabilities of the actions, [T, a].
        value: what the agent expects from each step.
        weights: attention of each step to n remembered items, [T, n]; n is 0 for a memory that attends to nothing.
        steps_ago: how many steps before it each item was experienced, [T, n].
        valid: which items are of this episode, [T, n].
    """

    observation: Mapping[str, Any]
    action: Any
    reward: Any
    first: Any
    last: Any
    info: Mapping[str, Any]
    policy: Any
    value: Any
    weights: Any
    steps_ago: Any
    valid: Any

    @property
    def length(self) -> int:
        """T, the step of the reset included."""
        return len(self.last)

    @property
    def total(self) -> float:
        """The sum of rewards."""
        return float(np.sum(self.reward[1:]))

    @property
    def success(self) -> bool | None:
        """Whether it succeeded; None where the task does not say."""
        return bool(self.info["success"][-1]) if "success" in self.info else None

    @property
    def effective(self) -> np.ndarray:
        """On which steps the action counts: all but the last, unless the task says less, [T]."""
        return np.asarray(self.info.get("choice_phase", ~self.last), bool)

    def attention(self, step: int) -> Float[np.ndarray, " t"]:
        """How much of its attention a step gave to each step of the episode; items of one step are added up."""
        there = self.valid[step] & (self.steps_ago[step] >= 1) & (self.steps_ago[step] <= step)
        attention = np.zeros(self.length)
        np.add.at(attention, step - self.steps_ago[step][there], self.weights[step][there])
        return attention


def record(
    agent: AbstractAgent[Any], environment: AbstractEnvironment[Any], *, episodes: int, seed: int, greedy: bool = False
) -> Iterator[Episode]:
    """Plays the first of the episodes that `engrax.evaluation.play.play` plays under this seed.

    Args:
        agent: plays; it samples its actions as in training, unless greedy.
        environment: must end its episodes.
        episodes: how many, at least 1.
        seed: the same seed plays the same episodes.
        greedy: whether to take the likeliest action instead of sampling.

    Returns:
        The episodes, each played when it is asked for.

    Raises:
        ValueError: for fewer than one episode.
    """
    if episodes < 1:
        raise ValueError(f"episodes is {episodes}, expected at least 1")
    keys = jax.random.split(jax.random.key(seed), episodes)

    def one(key: Key[Array, ""]) -> Episode:
        actor, blocks = _begin(agent, environment, key), []
        while not (blocks and blocks[-1].last.any()):
            actor, block = _block(
                agent, environment, actor, key, jnp.int32(1 + len(blocks) * _BLOCK), jnp.asarray(greedy)
            )
            blocks.append(jax.device_get(block))
        whole = jax.tree.map(lambda *parts: np.concatenate(parts), *blocks)
        return jax.tree.map(lambda part: part[: 1 + int(np.argmax(whole.last))], whole)

    return map(one, keys)


def most_telling(episode: Episode) -> tuple[int, float]:
    """The step whose recall is the most concentrated, out of those on which the action counts.

    Args:
        episode: any.

    Returns:
        The step, and the sum of its squared attention; the first such step, and 0, where nothing is recalled.
    """
    steps = np.flatnonzero(episode.effective).tolist() or list(range(episode.length))
    sharpness = [float(np.square(episode.attention(step)).sum()) for step in steps]
    best = int(np.argmax(sharpness))
    return steps[best], sharpness[best]


@eqx.filter_jit
def _begin(agent: AbstractAgent[Any], environment: AbstractEnvironment[Any], key: Key[Array, ""]) -> Actor:
    return start(agent, environment, jax.random.fold_in(key, 0))


@eqx.filter_jit
def _block(
    agent: AbstractAgent[Any],
    environment: AbstractEnvironment[Any],
    actor: Actor,
    key: Key[Array, ""],
    time: Int[Array, ""],
    greedy: Bool[Array, ""],
) -> tuple[Actor, Episode]:
    """Goes on for a block of steps; `time` is the number of the first one to come."""

    def tick(actor: Actor, time: Int[Array, ""]):
        agent_state, action, output = act(agent, actor, greedy)
        following = advance(environment, actor, agent_state, action, jax.random.fold_in(key, time))
        return following, _seen(agent, actor, action, output)

    return jax.lax.scan(tick, actor, time + jnp.arange(_BLOCK, dtype=jnp.int32))


def _seen(agent: AbstractAgent[Any], actor: Actor, action: Int[Array, ""], output: Any) -> Episode:
    """One step of an episode."""
    step = actor.step
    recall = agent.recall(actor.agent, pending(actor), key=actor.key)
    return Episode(
        observation=step.observation,
        action=action,
        reward=step.reward,
        first=step.first,
        last=step.last,
        info=step.info,
        policy=jax.nn.softmax(output.logits),
        value=output.value,
        weights=recall.weights,
        steps_ago=recall.steps_ago,
        valid=recall.valid,
    )
