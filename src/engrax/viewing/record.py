"""Recording episodes: observations, actions and recall at every step."""

import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, Key, PyTree

from engrax.agents.base import AbstractAgent, check_interface
from engrax.runtime.streams import (
    Streams,
    act,
    advance,
    advance_on_host,
    keys_at,
    open_streams,
    pending,
    turn_keys,
)
from engrax.runtime.worlds import Pure, World, as_world
from engrax.types import Action, AgentInput, Recall
from engrax.viewing.choices import bars

_BLOCK = 64
"""Steps that are played in one compiled call."""
Look = Callable[[AbstractAgent[Any], PyTree, AgentInput, Key[Array, ""], Action, Recall], Any]
"""What else to record of a step: of the agent, its state before the step, its input, its key, the
action it took and what it recalled."""
Blocks = Callable[[Key[Array, " b"]], Iterator["Episode"]]
"""Plays the stream of a key: its steps, block by block, without end."""


class Episode(NamedTuple):
    """One whole episode of T steps, as arrays of the host with time first.

    Attributes:
        observation: one array a modality, [T, ...].
        action: what the agent chose on each step; on the last it is ignored.
        reward: of the transition into each step.
        first: true on step 0 only.
        last: true on step T-1 only.
        info: the task's `info`.
        effective: on which steps the action had an effect: never on the last.
        policy: what `engrax.viewing.choices.bars` shows of the policy, [T, b].
        value: the value of each step.
        weights: attention of each step to n remembered items, [T, n]; n is 0 for a memory that
            attends to nothing.
        steps_ago: how many steps before it each item was experienced, [T, n].
        valid: which items are of this episode, [T, n].
        detail: what else was recorded, [T, ...].
        event: which of the environment's `events` each step shows, [T]; None where it names none.
    """

    observation: Mapping[str, Any]
    action: Any
    reward: Any
    first: Any
    last: Any
    info: Mapping[str, Any]
    effective: Any
    policy: Any
    value: Any
    weights: Any
    steps_ago: Any
    valid: Any
    detail: Any = None
    event: Any = None

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

    def attention(self, step: int) -> Float[np.ndarray, " t"]:
        """The attention of a step to each step of the episode; items of one step are summed."""
        return self.by_step(step, self.weights[step])

    def by_step(self, step: int, weights: Float[np.ndarray, "*r n"]) -> Float[np.ndarray, "*r t"]:
        """Weights of the items of a step, summed by the steps of the episode that they are of."""
        steps = self.items(step)
        there = steps >= 0
        summed = np.zeros((*weights.shape[:-1], self.length))
        np.add.at(summed.T, steps[there], weights[..., there].T)
        return summed

    def items(self, step: int) -> Int[np.ndarray, " n"]:
        """The step of the episode that each item is of, at a step; -1 where it is of none."""
        ago = self.steps_ago[step]
        return np.where(self.valid[step] & (ago >= 1) & (ago <= step), step - ago, -1)


def record(
    agent: AbstractAgent[Any],
    world: object,
    *,
    episodes: int,
    seed: int,
    greedy: bool = False,
    detail: Look | None = None,
) -> Iterator[Episode]:
    """Plays the first of the episodes that `engrax.evaluation.play` plays under this seed.

    Args:
        agent: plays; it samples its actions as in training, unless greedy.
        world: a world, or what `engrax.runtime.as_world` makes one of; it must end its episodes.
        episodes: how many, at least 1.
        seed: the same seed plays the same episodes.
        greedy: whether to take the most likely action instead of sampling.
        detail: what else to record.

    Returns:
        The episodes, each played when it is asked for.

    Raises:
        ValueError: for fewer than one episode.
        UserError: the agent was made for another interface.
    """
    if episodes < 1:
        raise ValueError(f"episodes is {episodes}, expected at least 1")
    world = as_world(world)
    check_interface(agent, world.interface)
    keys = jax.random.split(jax.random.key(seed), episodes)
    blocks = (_traced if world.pure else _on_host)(agent, world, greedy, detail)
    return (_whole_episode(blocks(key[None])) for key in keys)


def most_telling(episode: Episode) -> tuple[int, float]:
    """The step whose recall is the most concentrated, out of those on which the action counts.

    Args:
        episode: any.

    Returns:
        The step, and the sum of its squared attention; the first such step, and 0, where nothing is
        recalled.
    """
    steps = np.flatnonzero(episode.effective).tolist() or list(range(episode.length))
    sharpness = [float(np.square(episode.attention(step)).sum()) for step in steps]
    best = int(np.argmax(sharpness))
    return steps[best], sharpness[best]


def _whole_episode(blocks: Iterator[Episode]) -> Episode:
    """Blocks of steps, of the one stream, up to the last step of the episode."""
    parts: list[Episode] = []
    while not (parts and parts[-1].last.any()):
        parts.append(next(blocks))
    whole = jax.tree.map(lambda *arrays: np.concatenate(arrays), *parts)
    return jax.tree.map(lambda part: part[: 1 + int(np.argmax(whole.last))], whole)


def _traced(agent: AbstractAgent[Any], world: World, greedy: bool, detail: Look | None) -> Blocks:
    """The steps of a stream in a pure world, block by block in one compiled program."""

    def block(agent: AbstractAgent[Any], streams: Streams, keys: Key[Array, " b"], time: Any):
        def tick(streams: Streams, time: Int[Array, ""]):
            seen, states, actions = _look(agent, world, streams, greedy, detail)
            return advance(world, streams, states, actions, keys_at(keys, time)), seen

        return jax.lax.scan(tick, streams, time + jnp.arange(_BLOCK, dtype=jnp.int32))

    begin = eqx.filter_jit(lambda agent, keys: open_streams(agent, world, keys_at(keys, 0)))
    compiled = eqx.filter_jit(block)

    def blocks(keys: Key[Array, " b"]) -> Iterator[Episode]:
        streams = begin(agent, keys)
        for start in itertools.count(1, _BLOCK):
            streams, steps = compiled(agent, streams, keys, jnp.int32(start))
            yield jax.device_get(steps)

    return blocks


def _on_host(agent: AbstractAgent[Any], world: World, greedy: bool, detail: Look | None) -> Blocks:
    """The steps of a stream in a host world, one by one."""
    look = eqx.filter_jit(lambda agent, streams: _look(agent, world, streams, greedy, detail))

    def blocks(keys: Key[Array, " b"]) -> Iterator[Episode]:
        streams = open_streams(agent, world, keys_at(keys, 0))
        for time in itertools.count(1):
            seen, states, actions = look(agent, replace(streams, world=None))
            yield jax.tree.map(lambda leaf: np.asarray(leaf)[None], seen)
            streams = advance_on_host(world, streams, states, actions, *turn_keys(keys, time))

    return blocks


def _events(world: World, streams: Streams) -> Int[Array, " b"] | None:
    if not isinstance(world, Pure) or not world.environment.events:
        return None
    return jax.vmap(world.environment.event)(streams.world)


def _look(
    agent: AbstractAgent[Any],
    world: World,
    streams: Streams,
    greedy: bool,
    detail: Look | None,
) -> tuple[Episode, PyTree, Any]:
    """One step of the one stream as an episode has it, and the agent's next states and actions."""
    step = streams.step
    states, actions, output = act(agent, streams, greedy)
    given = streams.agent, pending(streams), streams.keys
    recall = jax.vmap(lambda state, inp, key: agent.recall(state, inp, key=key))(*given)
    more = None if detail is None else jax.vmap(partial(detail, agent))(*given, actions, recall)
    seen = Episode(
        observation=step.observation,
        action=actions,
        reward=step.reward,
        first=step.first,
        last=step.last,
        info=step.info,
        effective=step.effective & ~step.last,
        policy=bars(world.interface.actions, output.policy),
        value=output.value,
        weights=recall.mean,
        steps_ago=recall.steps_ago,
        valid=recall.valid,
        detail=more,
        event=_events(world, streams),
    )
    return jax.tree.map(lambda leaf: leaf[0], seen), states, actions
