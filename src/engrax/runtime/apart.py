"""Learning apart from acting: segments come from actors, which have the parameters of some updates
ago.
"""

import time
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol, runtime_checkable

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import PyTree

from engrax.agents.base import AbstractAgent
from engrax.errors import RunFailedError
from engrax.runtime.shards import is_key
from engrax.runtime.trainer import (
    LearnerState,
    Metrics,
    Trainer,
    TrainState,
    arrays_of,
    is_arraylike,
    summary,
)


class ActorsLostError(RunFailedError):
    """Too few actors are left to go on; the state before the update is as it was."""


class Words(NamedTuple):
    """A random key as plain numbers."""

    numbers: np.ndarray
    impl: str


class Parcel(NamedTuple):
    """What an actor sends: plain data.

    Attributes:
        updates: of the learner whose parameters acted.
        segments: of the actor's streams, with NumPy arrays.
        episodes: that ended in them.
        cpu_seconds: of the actor's process, since the parcel before.
    """

    updates: int
    segments: PyTree
    episodes: PyTree
    cpu_seconds: float


@runtime_checkable
class Actors(Protocol):
    """Where segments come from."""

    def give(self, arrays: Sequence[np.ndarray], updates: int) -> None:
        """Has actors act with these parameters from their next segments on."""
        ...

    def take(self, count: int) -> list[Parcel]:
        """The next parcels to arrive; raises `ActorsLostError` where too few actors are left."""
        ...

    def counted(self) -> Mapping[str, float]:
        """Metrics: what happened since they were last asked for."""
        ...


class Collector:
    """An actor: collects segments in streams of its own.

    Args:
        trainer: of the actor's share of the streams; it only acts.
    """

    def __init__(self, trainer: Trainer):
        self._trainer, self._key = trainer, jax.random.fold_in(trainer.key, 1)
        self._streams, self._spent = trainer.init().streams, time.process_time()

    def collect(self, arrays: Sequence[np.ndarray], updates: int) -> Parcel:
        """Acts for a segment of each stream, with the parameters after so many updates."""
        self._key, key = jax.random.split(self._key)
        agent = with_arrays(self._trainer.agent, arrays)
        self._streams, segments, episodes = self._trainer.act(agent, self._streams, key)
        before, self._spent = self._spent, time.process_time()
        return Parcel(updates, to_plain(segments), to_plain(episodes), self._spent - before)


class ApartTrainer:
    """A trainer whose segments come from actors; see `Trainer` for what its methods share with it.

    Its state has no streams: they are the actors'. Learner, optimiser and key resume exactly, and
    streams begin anew.

    Args:
        trainer: learns.
        actors: act.
    """

    def __init__(self, trainer: Trainer, actors: Actors):
        self.trainer, self.actors = trainer, actors
        self._count = trainer.placement.actors or 1

    def init(self) -> Any:
        """The state before the first update."""
        return TrainState(self.trainer.init_learner(), None)  # pyright: ignore[reportArgumentType]

    def saved(self, state: Any) -> Any:
        """The state as a checkpoint holds it."""
        return state

    def restored(self, saved: Any) -> tuple[Any, int]:
        """A state to go on from, and the streams that are lost: none was kept."""
        return saved._replace(learner=self.trainer.placed_learner(saved.learner)), 0

    def environment_steps(self, updates: int) -> int:
        """Steps that the learner has learnt from."""
        return self.trainer.environment_steps(updates)

    def update(self, state: Any) -> tuple[Any, Metrics]:
        """Learns from the next segments to arrive.

        Returns:
            The state, and metrics: `lag`, the mean number of updates by which the parameters that
            acted are behind, `lag_max`, the largest, and those of the actors.
        """
        learner: LearnerState = state.learner
        made = int(learner.updates)
        self.actors.give([np.asarray(leaf) for leaf in arrays_of(learner.agent)], made)
        parcels = self.actors.take(self._count)
        segments, episodes = joined([(one.segments, one.episodes) for one in parcels])
        following, key = jax.random.split(learner.key)
        learner, metrics = self.trainer.learned(learner, segments, key, following)
        lags = [made - one.updates for one in parcels]
        counted = {"lag": float(np.mean(lags)), "lag_max": float(max(lags))}
        counted["worker_cpu_seconds"] = sum(one.cpu_seconds for one in parcels)
        counted |= self.actors.counted()
        metrics |= summary(episodes)
        metrics |= {name: jnp.float32(value) for name, value in counted.items()}
        return state._replace(learner=learner), metrics


def with_arrays(agent: AbstractAgent[Any], arrays: Sequence[np.ndarray]) -> AbstractAgent[Any]:
    """The agent with other arrays, in the order of `arrays_of`."""
    leaves, structure = jax.tree.flatten(agent)
    given = iter(arrays)
    new = [jnp.array(next(given)) if is_arraylike(leaf) else leaf for leaf in leaves]
    return jax.tree.unflatten(structure, new)


def to_plain(tree: PyTree) -> PyTree:
    """A tree with NumPy arrays in place of JAX's, and words in place of keys."""

    def plain(leaf: Any) -> Any:
        if is_key(leaf):
            return Words(np.asarray(jax.random.key_data(leaf)), str(jax.random.key_impl(leaf)))
        return np.asarray(leaf)

    return jax.tree.map(plain, eqx.filter(tree, eqx.is_array))


def joined(trees: Sequence[PyTree]) -> PyTree:
    """Plain trees one after the other along the first axis, as JAX arrays."""

    def join(*leaves: Any) -> Any:
        if isinstance(leaves[0], Words):
            numbers = np.concatenate([leaf.numbers for leaf in leaves])
            return jax.random.wrap_key_data(jnp.array(numbers), impl=leaves[0].impl)
        return jnp.array(np.concatenate(leaves))

    return jax.tree.map(join, *trees, is_leaf=lambda leaf: isinstance(leaf, Words))
