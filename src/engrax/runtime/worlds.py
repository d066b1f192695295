"""Worlds step environments, many streams side by side. Nothing else does.

A world is *pure* where `open` and `step` may be traced, so that acting and learning become one
compiled program, or a *host* world, whose environments run in Python beside the compiled acting
step.
"""

from typing import Any, Protocol, TypeVar, runtime_checkable

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Key, PyTree

from engrax.envs.base import AbstractEnvironment
from engrax.errors import UserError
from engrax.gym.choosing import BY_TIMING, Workers
from engrax.gym.episodes import OpenEpisodes
from engrax.gym.host import AbstractHostTask, HostEnvironments
from engrax.gym.steps import Steps
from engrax.types import Action, Interface, TimeStep

W = TypeVar("W")


@runtime_checkable
class World(Protocol):
    """Steps environments, one per stream; all arrays have the streams as their first axis.

    The stream's protocol is that of `TimeStep`: a step after a `last` ignores its action and is a
    `first`, with reward 0. `engrax.testing.check_world` tests the laws.
    """

    @property
    def interface(self) -> Interface:
        """What one sees and does."""
        ...

    @property
    def pure(self) -> bool:
        """Whether `open` and `step` may be traced."""
        ...

    def open(self, keys: Key[Array, " b"]) -> tuple[Any, TimeStep]:
        """Opens one stream per key: the world's state, and the `first` steps."""
        ...

    def step(self, state: Any, actions: Action, keys: Key[Array, " b"]) -> tuple[Any, TimeStep]:
        """Advances every stream by one step."""
        ...


class Pure:
    """The world of a pure environment: `vmap` over its streams."""

    pure = True

    def __init__(self, environment: AbstractEnvironment[Any]):
        self.environment = environment

    @property
    def interface(self) -> Interface:
        """That of the environment."""
        return self.environment.interface

    def open(self, keys: Key[Array, " b"]) -> tuple[PyTree, TimeStep]:
        """A fresh episode a stream."""
        return jax.vmap(self.environment.reset)(keys)

    def step(
        self, state: PyTree, actions: Action, keys: Key[Array, " b"]
    ) -> tuple[PyTree, TimeStep]:
        """One step of every stream."""
        return jax.vmap(self.environment.step)(state, actions, keys)


class Host:
    """The world of environments that run in Python; its state is these environments.

    Args:
        task: makes the environments.
        workers: the processes that step them.
    """

    pure = False

    def __init__(self, task: AbstractHostTask, workers: Workers = BY_TIMING):
        self.task, self.workers = task, workers
        self._interface, self._info = task.interface, tuple(task.info)

    @property
    def interface(self) -> Interface:
        """That of the task."""
        return self._interface

    def open(self, keys: Key[Array, " b"]) -> tuple[HostEnvironments, TimeStep]:
        """Makes an environment a key, and opens an episode in each, by a seed that follows from its
        key.
        """
        return self.reopen(self.task.make(keys.shape[0], self.workers), keys)

    def reopen(
        self, state: HostEnvironments, keys: Key[Array, " b"]
    ) -> tuple[HostEnvironments, TimeStep]:
        """`open` in environments that are there already."""
        return state, self._time_step(state.reset(seeds_of(keys)))

    def step(
        self, state: HostEnvironments, actions: Action, keys: Key[Array, " b"]
    ) -> tuple[HostEnvironments, TimeStep]:
        """One step of every stream. The keys are not used; random numbers follow from the seeds."""
        del keys
        return state, self._time_step(state.step(np.asarray(actions)))

    def send(self, state: HostEnvironments, group: int, actions: Action) -> None:
        """Begins a step of a group of streams."""
        state.send(np.asarray(actions), group)

    def receive(self, state: HostEnvironments, group: int) -> TimeStep:
        """The step that was begun."""
        return self._time_step(state.receive(group))

    def save(self, state: HostEnvironments) -> OpenEpisodes:
        """The seeds and actions of the open episodes: what a checkpoint can hold of host
        environments.
        """
        return state.episodes()

    def restore(self, episodes: OpenEpisodes) -> tuple[HostEnvironments, TimeStep, np.ndarray]:
        """Environments in which the open episodes are played again.

        Args:
            episodes: as `save` gave them.

        Returns:
            The environments, the steps that they show, and which streams could not be brought back:
            they opened their next episode instead.
        """
        environments = self.task.make(len(episodes.number), self.workers)
        steps, lost = environments.restore(jax.tree.map(np.asarray, episodes))
        return environments, self._time_step(steps), np.isin(np.arange(len(episodes.number)), lost)

    def _time_step(self, steps: Steps) -> TimeStep:
        """The steps of host environments, copied: `jax.device_put` would share their memory. Every
        action counts.
        """
        info = {name: jnp.array(steps.info[name]) for name in self._info}
        return TimeStep(
            observation={name: jnp.array(part) for name, part in steps.observation.items()},
            reward=jnp.array(steps.reward),
            discount=jnp.array(steps.discount),
            first=jnp.array(steps.first),
            last=jnp.array(steps.last),
            info=info,
            effective=jnp.array(steps.effective),
        )


class Blank:
    """A pure world with the shapes of a host world, in which nothing happens: for tracing.

    Its state has the shapes of a host world's open episodes in a checkpoint, before any action.
    """

    pure = True

    def __init__(self, world: Host):
        self.interface, self._info = world.interface, world.task.info

    def open(self, keys: Key[Array, " b"]) -> tuple[OpenEpisodes, TimeStep]:
        """Zeros."""
        streams, actions = keys.shape[0], self.interface.actions
        seeds, counts = jnp.zeros(streams, jnp.uint32), jnp.zeros(streams, jnp.int32)
        taken = jnp.zeros((0, *actions.shape), actions.dtype)
        return OpenEpisodes(seeds, counts, counts, taken, seeds), self._zeros(streams)

    def step(
        self, state: OpenEpisodes, actions: Action, keys: Key[Array, " b"]
    ) -> tuple[OpenEpisodes, TimeStep]:
        """Zeros."""
        del actions
        return state, self._zeros(keys.shape[0])

    def _zeros(self, streams: int) -> TimeStep:
        parts = self.interface.observations.items()
        observation = {name: jnp.zeros((streams, *spec.shape), spec.dtype) for name, spec in parts}
        reward, flags = jnp.zeros(streams, jnp.float32), jnp.zeros(streams, bool)
        info = {
            name: jnp.zeros((streams, *part.shape), part.dtype) for name, part in self._info.items()
        }
        return TimeStep(observation, reward, reward, flags, flags, info)


def seeds_of(keys: Key[Array, " b"]) -> np.ndarray:
    """A seed of 32 bits a key."""
    words = np.asarray(jax.random.key_data(keys))
    return words[:, -1].astype(np.uint32)


def as_world(task: object, workers: Workers = BY_TIMING) -> World:
    """The world of a task: of an environment of ours, of host environments, or itself.

    Args:
        task: any of these.
        workers: the processes that step host environments.

    Raises:
        UserError: it is none of these; the message says what to pass.
    """
    if isinstance(task, AbstractEnvironment):
        return Pure(task)
    if isinstance(task, AbstractHostTask):
        return Host(task, workers)
    if isinstance(task, World):
        return task
    raise UserError(
        f"world is {task!r}, expected an environment such as Ballet(), a world, or "
        "GymnasiumTask('CartPole-v1') from engrax.gym for an environment of Gymnasium"
    )
