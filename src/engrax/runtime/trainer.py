"""The trainer: a world, an agent and a learner; one compiled program an update where the world is
pure.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.core import Tracer
from jax.stages import Traced
from jax.typing import ArrayLike
from jaxtyping import Array, Float, Int, Key, PyTree

from engrax.agents.base import AbstractAgent, check_interface
from engrax.algorithms import AbstractLearner, make_optimiser, update
from engrax.algorithms.numbers import Numbers, numbers_of, with_numbers
from engrax.algorithms.transport import check_transport
from engrax.gym.host import HostEnvironments
from engrax.losses.masks import Total
from engrax.runtime.collecting import collect
from engrax.runtime.placement import ONE_DEVICE, Placement
from engrax.runtime.streams import Episodes, Streams, open_streams
from engrax.runtime.worlds import Blank, Host, as_world
from engrax.types import Segment

Metrics = dict[str, Float[Array, ""]]


class LearnerState(NamedTuple):
    """Everything that a learner changes. A learner can run apart from the streams.

    Attributes:
        agent: the agent with its parameters.
        optimiser: the optimiser's state.
        key: source of all later random numbers.
        updates: updates made.
    """

    agent: AbstractAgent[Any]
    optimiser: PyTree[Any]
    key: Key[Array, ""]
    updates: Int[Array, ""]


class Parameters(NamedTuple):
    """A `LearnerState` as a compiled program takes it: with the agent's arrays alone.

    What is no array, such as an activation function, is no argument of a program.

    Attributes:
        arrays: the agent's, in the order of its leaves.
        optimiser: the optimiser's state.
        key: source of all later random numbers.
        updates: updates made.
    """

    arrays: list[Array]
    optimiser: PyTree[Any]
    key: Key[Array, ""]
    updates: Int[Array, ""]


class TrainState(NamedTuple):
    """The complete state of a run. In a pure world, resuming from it is exact.

    Attributes:
        learner: agent, optimiser, key and updates.
        streams: the streams, states of world and memory included.
    """

    learner: LearnerState
    streams: Streams


class Trainer:
    """Trains an agent in a world.

    Args:
        agent: the agent, freshly made.
        world: a world, or what `engrax.runtime.worlds.as_world` makes one of: an environment of
            ours, a Gymnasium task.
        learner: the learner's settings.
        streams: copies of the environment that act side by side.
        segment_length: steps of each stream between updates.
        whole_episodes: every segment opens with a fresh episode and an empty memory; what has not
            ended when the segment does is bootstrapped and abandoned.
        placement: how the streams are divided over devices.
        key: from which all randomness but the agent's parameters comes.

    Raises:
        UserError: `world` is none, or the agent was made for another interface.
        ValueError: minibatches, devices or tiles do not divide the streams.
    """

    def __init__(
        self,
        agent: AbstractAgent[Any],
        world: object,
        learner: AbstractLearner,
        *,
        streams: int,
        segment_length: int,
        whole_episodes: bool = False,
        placement: Placement = ONE_DEVICE,
        key: Key[Array, ""],
    ):
        self.agent, self.learner = agent, learner
        self.world = as_world(world, placement.hosting)
        check_interface(agent, self.world.interface)
        check_transport(learner.transport, agent)
        placement.check(streams, learner.minibatches)
        self.streams, self.segment_length, self.whole_episodes = (
            streams,
            segment_length,
            whole_episodes,
        )
        self.key, self.placement = key, placement
        self.optimiser, self._numbers = _optimiser(agent, learner), numbers_of(learner)
        self._leaves, self._structure = jax.tree.flatten(agent)
        self._update = placement.jit(self._fused, donate_argnums=(0, 1))
        self._learn = placement.jit(self._learn_from, donate_argnums=0)

    def init(self) -> TrainState:
        """The state before the first update."""
        _, start_key = jax.random.split(self.key)
        keys = jax.random.split(start_key, self.streams)
        opening = lambda keys: open_streams(self.agent, self.world, keys)  # noqa: E731
        streams = jax.jit(opening)(keys) if self.world.pure else opening(keys)
        return self.placed(TrainState(self.init_learner(), streams))

    def init_learner(self) -> LearnerState:
        """The learner's part of the state before the first update."""
        key, _ = jax.random.split(self.key)
        optimiser = self.optimiser.init(eqx.filter(self.agent, eqx.is_inexact_array))
        # A copy: the trainer's own agent must survive donation.
        arrays = [jnp.array(leaf) for leaf in arrays_of(self.agent)]
        parameters = Parameters(arrays, optimiser, key, jnp.zeros((), jnp.int32))
        return self.placed_learner(self._whole(parameters))

    def placed(self, state: TrainState) -> TrainState:
        """The state with its arrays on the devices that use them."""
        streams = state.streams
        if self.world.pure:
            streams = self.placement.put_shares(streams)
        return TrainState(self.placed_learner(state.learner), streams)

    def placed_learner(self, learner: LearnerState) -> LearnerState:
        """The learner's state on all devices."""
        return self._whole(self.placement.put_everywhere(_parameters(learner)))

    def shadow(self) -> "Trainer":
        """A trainer with the same shapes in a pure world: to trace, where this one's world cannot
        be traced.
        """
        if not isinstance(self.world, Host):
            return self
        return Trainer(
            self.agent,
            Blank(self.world),
            self.learner,
            streams=self.streams,
            segment_length=self.segment_length,
            whole_episodes=self.whole_episodes,
            placement=self.placement,
            key=self.key,
        )

    def saved(self, state: TrainState) -> TrainState:
        """The state as a checkpoint holds it, in the form of a state of `shadow()`: arrays only."""
        if not isinstance(self.world, Host):
            return state._replace(streams=self.placement.whole(state.streams))
        return TrainState(
            state.learner, replace(state.streams, world=self.world.save(state.streams.world))
        )

    def restored(self, saved: TrainState) -> tuple[TrainState, int]:
        """A state to go on from, and in how many streams of a host world the episode could not be
        brought back.

        Learner, optimiser, key and counters are exact. In a host world the open episodes are played
        again by their seeds and actions; a stream whose environment does not show the same step
        again opens its next episode.
        """
        if not isinstance(self.world, Host):
            return self.placed(saved), 0
        environments, fresh, lost = self.world.restore(saved.streams.world)
        take = lambda new, old: jnp.where(lost.reshape(-1, *(1,) * (new.ndim - 1)), new, old)  # noqa: E731
        step = jax.tree.map(take, fresh, saved.streams.step)
        total = jnp.where(lost, 0.0, saved.streams.episode_return)
        streams = replace(saved.streams, world=environments, step=step, episode_return=total)
        return self.placed(TrainState(saved.learner, streams)), int(lost.sum())

    def environment_steps(self, updates: int) -> int:
        """Steps taken over all streams after so many updates."""
        return updates * self.streams * self.segment_length

    def update(self, state: TrainState) -> tuple[TrainState, Metrics]:
        """Collects and learns, compiled; it uses up the state. Returns the state after it, and
        metrics.
        """
        parameters, streams = _parameters(state.learner), state.streams
        check_not_used_up(parameters)
        if self.world.pure:
            parameters, streams, metrics = self._update(parameters, streams, self._numbers)
            return TrainState(self._whole(parameters), streams), metrics
        key, act_key, learn_key = jax.random.split(parameters.key, 3)
        environments = streams.world
        before = _workers(environments)
        streams, segments, episodes = self.act(state.learner.agent, streams, act_key)
        learner, metrics = self.learned(state.learner, segments, learn_key, key)
        after = _workers(environments)
        metrics |= {name: jnp.float32(after[name] - before[name]) for name in after}
        return TrainState(learner, streams), metrics | summary(episodes)

    def learned(
        self,
        learner: LearnerState,
        segments: Segment[Any],
        key: Key[Array, ""],
        following: Key[Array, ""],
    ) -> tuple[LearnerState, Metrics]:
        """The learning half of an update, compiled; it uses up the learner's state.

        Args:
            learner: the state before.
            segments: of all streams.
            key: for the minibatches.
            following: the key of the state after it.
        """
        parameters, metrics = self._learn(
            _parameters(learner), segments, key, following, self._numbers
        )
        return self._whole(parameters), metrics

    def try_out(self, shapes: TrainState) -> Traced:
        """Traces an update of a pure world on the shapes of a state: what does not go together
        raises its error, and no memory is taken.

        Returns:
            The program.
        """
        return self._update.trace(_parameters(shapes.learner), shapes.streams, self._numbers)

    def step(self, state: TrainState) -> tuple[TrainState, Metrics]:
        """`update`, not compiled, of a pure world; under `vmap` it trains several seeds side by
        side.
        """
        parameters, streams, metrics = self._fused(
            _parameters(state.learner), state.streams, self._numbers
        )
        return TrainState(self._whole(parameters), streams), metrics

    def act(self, agent: AbstractAgent[Any], streams: Streams, key: Key[Array, ""]):
        """The acting half of an update: streams after it, segments, episodes."""
        keys = tuple(jax.random.split(part, self.streams) for part in jax.random.split(key))
        if not self.world.pure:
            return self._acted(agent, streams, *keys)
        arrays, rest = eqx.partition(agent, eqx.is_array)
        act = lambda arrays, each: self._acted(eqx.combine(arrays, rest), *each)  # noqa: E731
        return self.placement.over_streams(act, arrays, (streams, *keys))

    def _acted(
        self,
        agent: AbstractAgent[Any],
        streams: Streams,
        start_keys: Key[Array, " b"],
        act_keys: Key[Array, " b"],
    ):
        if self.whole_episodes:
            made = streams.world if isinstance(self.world, Host) else None
            streams = open_streams(agent, self.world, start_keys, made)
        return collect(
            agent,
            self.world,
            streams,
            act_keys,
            self.segment_length,
            carry_state=not self.whole_episodes,
            tile=self.placement.acting_tile,
            placement=self.placement,
        )

    def learn(
        self, learner: LearnerState, segments, key: Key[Array, ""], numbers: Numbers | None = None
    ) -> tuple[LearnerState, Metrics]:
        """The learning half of an update: the learner's state after it, and metrics.

        Args:
            learner: the state before.
            segments: of all streams.
            key: for the minibatches.
            numbers: of the learner's settings, where they are arguments of a compiled program.
        """
        numbers = self._numbers if numbers is None else numbers

        def learn(total: Total, everywhere: Any, segments: Any):
            parameters, key, numbers = everywhere
            before, settings = self._whole(parameters), with_numbers(self.learner, numbers)
            agent, optimiser, metrics = update(
                settings,
                _optimiser(before.agent, settings),
                before.agent,
                before.optimiser,
                segments,
                key,
                before.updates,
                tile=self.placement.learning_tile,
                total=total,
            )
            after = LearnerState(agent, optimiser, before.key, before.updates + 1)
            return (_parameters(after), metrics), None

        given = (_parameters(learner), key, numbers)
        parameters, metrics = self.placement.spread(learn, given, segments)[0]
        return self._whole(parameters), metrics

    def _fused(
        self, parameters: Parameters, streams: Streams, numbers: Numbers
    ) -> tuple[Parameters, Streams, Metrics]:
        key, act_key, learn_key = jax.random.split(parameters.key, 3)
        streams, segments, episodes = self.act(self._whole(parameters).agent, streams, act_key)
        parameters, metrics = self._learn_from(parameters, segments, learn_key, key, numbers)
        return parameters, streams, metrics | summary(episodes)

    def _learn_from(
        self,
        parameters: Parameters,
        segments,
        key: Key[Array, ""],
        following: Key[Array, ""],
        numbers: Numbers,
    ) -> tuple[Parameters, Metrics]:
        learner, metrics = self.learn(self._whole(parameters), segments, key, numbers)
        return _parameters(learner._replace(key=following)), metrics

    def _whole(self, parameters: Parameters) -> LearnerState:
        """The state with the agent put together from its arrays."""
        arrays = iter(parameters.arrays)
        leaves = [next(arrays) if is_arraylike(leaf) else leaf for leaf in self._leaves]
        agent = jax.tree.unflatten(self._structure, leaves)
        return LearnerState(agent, *parameters[1:])


def _workers(environments: object) -> dict[str, float]:
    """What worker processes of host environments count; nothing without any."""
    if not isinstance(environments, HostEnvironments) or not environments.in_processes:
        return {}
    restarts, seconds = environments.restarts, environments.cpu_seconds
    return {"worker_restarts": float(restarts), "worker_cpu_seconds": seconds}


def _optimiser(agent: AbstractAgent[Any], learner: AbstractLearner) -> optax.GradientTransformation:
    return make_optimiser(agent, learner.max_gradient_norm, learner.adam_epsilon)


def is_arraylike(leaf: object) -> bool:
    """Whether a leaf is an array, traced or real, or the shape of one."""
    return isinstance(leaf, jax.Array | np.ndarray | jax.ShapeDtypeStruct)


def check_not_used_up(parameters: Parameters) -> None:
    """Raises a ValueError where an earlier update has used up a learner's arrays."""
    leaves = [*parameters.arrays, parameters.key, parameters.updates]
    real = [leaf for leaf in leaves if isinstance(leaf, jax.Array) and not isinstance(leaf, Tracer)]
    if any(leaf.is_deleted() for leaf in real):
        raise ValueError(
            "this state was used up by an earlier update: go on from the state that `update` "
            "returned, or copy it before with jax.tree.map(jnp.array, state)"
        )


def summary(episodes: Episodes) -> Metrics:
    """The episodes that ended, and means over them; 0 where there were none (`measured` leaves
    these out).
    """
    ended = episodes.last.astype(jnp.float32)
    count = jnp.sum(ended)
    mean = lambda x: jnp.sum(x * ended) / jnp.maximum(count, 1.0)  # noqa: E731
    metrics = {"episodes": count, "return": mean(episodes.returns)}
    if episodes.success is not None:
        metrics["success"] = mean(episodes.success.astype(jnp.float32))
    return metrics


def measured(metrics: Mapping[str, ArrayLike]) -> dict[str, float]:
    """Metrics as numbers; means over the episodes that ended are left out where none did."""
    numbers = {name: float(value) for name, value in jax.device_get(dict(metrics)).items()}
    missing = ("return", "success") if numbers.get("episodes") == 0 else ()
    return {name: value for name, value in numbers.items() if name not in missing}


def arrays_of(agent: AbstractAgent[Any]) -> list[Any]:
    """An agent's arrays, in the order of its leaves."""
    return [leaf for leaf in jax.tree.leaves(agent) if is_arraylike(leaf)]


def _parameters(learner: LearnerState) -> Parameters:
    return Parameters(arrays_of(learner.agent), learner.optimiser, learner.key, learner.updates)
