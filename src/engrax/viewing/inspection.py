"""All that can be known of the decisions of an episode: attention of every reader, ablation,
saliency.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Key, PyTree

from engrax.agents.base import AbstractAgent
from engrax.errors import UserError
from engrax.types import Action, AgentInput, Interface, Recall
from engrax.viewing.ablation import by_step, effects, most_recalled
from engrax.viewing.record import Episode, record
from engrax.viewing.saliency import saliency


class Detail(NamedTuple):
    """What is recorded of a step besides what an `Episode` has.

    Attributes:
        weights: attention of each reader to each item, [r, n].
        units: the chunks or rows that were left out, [k].
        effects: what each of them is worth to the action, [k]; see `engrax.viewing.ablation`.
        key: of the step, as plain numbers.
        usage: of each row, [N]; None unless the agent keeps account of it.
    """

    weights: Any
    units: Any
    effects: Any
    key: Any
    usage: Any = None


class Inspected(NamedTuple):
    """An episode of T steps, and how each step relates to those before it.

    Attributes:
        episode: as it was recorded.
        readers: names of the R readers.
        attention: of step t by reader r to step s, [T, R, T].
        visible: whether step s is still in memory at step t, [T, T]; all True for an agent that
            attends to nothing, whose memory has no items.
        ablation: the log-probability of the action of step t, minus that without the chunk or row
            of step s, [T, T]; NaN where it was not left out; None where the agent has none.
        saliency: see `engrax.viewing.saliency`, [T, T]; NaN for steps that are no decisions; None
            where it cannot be computed.
        written: the step that each row holds at step t, -1 for none, [T, N]; None unless the agent
            has rows.
        chunk: steps of a chunk; None unless the agent has chunks.
        recollected: what can be had back of each observation from what was stored of it, [T, ...]
            a part; None where nothing can.
    """

    episode: Episode
    readers: tuple[str, ...]
    attention: Float[np.ndarray, "t r t"]
    visible: np.ndarray
    ablation: Float[np.ndarray, "t t"] | None
    saliency: Float[np.ndarray, "t t"] | None
    written: np.ndarray | None
    chunk: int | None
    recollected: Mapping[str, np.ndarray] | None


LONGEST = 4000
"""Steps of an episode: each is related to every other."""


def inspect(
    agent: AbstractAgent[Any], world: object, *, episodes: int, seed: int, greedy: bool = False
) -> Iterator[Inspected]:
    """Plays episodes as `record` does, and looks into every decision.

    Saliency is computed for the steps whose actions had an effect.

    Args:
        agent: plays.
        world: where.
        episodes: how many.
        seed: which.
        greedy: whether to take the most likely action instead of sampling.

    Raises:
        UserError: an episode is longer than `LONGEST`.
    """
    seen = recall_of(agent)
    played = record(agent, world, episodes=episodes, seed=seed, greedy=greedy, detail=_detail)
    return (_inspected(agent, seen, episode) for episode in played)


def recall_of(agent: AbstractAgent[Any]) -> Recall:
    """The shapes and names of what a step of the agent recalls; computes nothing.

    Raises:
        ValueError: it is not known what the agent sees.
    """
    if (interface := agent.interface) is None:
        raise ValueError("the agent has no interface: what it sees is not known")
    return eqx.filter_eval_shape(
        lambda: agent.recall(agent.init_state(), no_input(interface), key=jax.random.key(0))
    )


def no_input(interface: Interface) -> AgentInput:
    """A first input of zeros."""
    observation = {
        name: jnp.zeros(spec.shape, spec.dtype) for name, spec in interface.observations.items()
    }
    return AgentInput(observation, interface.actions.none(), jnp.float32(0.0), jnp.asarray(True))


def inputs_of(interface: Interface, episode: Episode) -> AgentInput:
    """The agent's inputs in an episode."""
    none = np.asarray(interface.actions.none())[None]
    previous = np.concatenate([none, np.asarray(episode.action)[:-1]])
    given = episode.observation, previous, episode.reward, episode.first
    return AgentInput(*jax.tree.map(jnp.asarray, given))


def _detail(
    agent: AbstractAgent[Any],
    state: PyTree,
    inp: AgentInput,
    key: Key[Array, ""],
    action: Action,
    recall: Recall,
) -> Detail:
    plain = jax.random.key_data(key)
    if agent.unit is None or not recall.readers:
        nothing = jnp.zeros(0, jnp.float32)
        return Detail(recall.weights, jnp.zeros(0, jnp.int32), nothing, plain, None)
    units = most_recalled(recall)
    worth = effects(agent, state, inp, key, action, units)
    return Detail(recall.weights, units, worth, plain, agent.usage(state))


def _inspected(agent: AbstractAgent[Any], seen: Recall, episode: Episode) -> Inspected:
    detail, length = episode.detail, episode.length
    if length > LONGEST:
        raise UserError(
            f"an episode has {length:,} steps, and at most {LONGEST:,} can be related to each other"
        )
    interface = agent.interface
    assert interface is not None
    steps = np.stack([episode.items(step) for step in range(length)])
    ablation = None
    if agent.unit is not None and seen.readers:
        items = episode.steps_ago, episode.valid
        ablation = by_step(length, seen.group, *items, detail.units, detail.effects)
    decisions = np.flatnonzero(episode.effective).tolist()
    keys = jax.random.wrap_key_data(jnp.asarray(detail.key))
    given = inputs_of(interface, episode), jnp.asarray(episode.action), keys
    found = saliency(agent, *given, decisions)
    whole = None
    if found is not None:
        whole = np.full((length, length), np.nan, np.float32)
        whole[decisions] = found
    return Inspected(
        episode,
        seen.readers,
        np.stack([episode.by_step(*pair) for pair in enumerate(detail.weights)]).astype(np.float32),
        _visible(steps, agent.unit),
        ablation,
        whole,
        steps if agent.unit == "row" else None,
        seen.group if agent.unit == "chunk" else None,
        jax.device_get(_recollected(agent, *given)),
    )


@eqx.filter_jit
def _recollected(
    agent: AbstractAgent[Any], inps: AgentInput, actions: Action, keys: Key[Array, " t"]
) -> Mapping[str, Array] | None:
    return agent.recollected(agent.unroll(None, inps, actions, keys)[1])


def _visible(steps: np.ndarray, unit: str | None) -> np.ndarray:
    """Which steps are items of memory at each step; so are the present one, and those that are on
    their way into a chunk.
    """
    length = len(steps)
    visible = np.zeros((length, length), bool)
    if steps.shape[1] == 0:
        return ~visible
    for step, items in enumerate(steps):
        there = items[items >= 0]
        visible[step, there] = True
        visible[step, int(there.max(initial=-1)) + 1 if unit == "chunk" else step : step + 1] = True
    return visible
