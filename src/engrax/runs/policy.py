"""A trained agent in a program of one's own: NumPy arrays in, NumPy arrays out."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple, Protocol, runtime_checkable

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, PyTree

from engrax.agents.base import AbstractAgent, check_interface
from engrax.errors import UserError
from engrax.gym.masking import checked_mask
from engrax.gym.task import GymnasiumTask
from engrax.runs.building import building, load_trained
from engrax.runs.directory import RunDirectory
from engrax.runtime.streams import beginning, keys_at, stepped
from engrax.types import AgentInput, Interface, Spec

_step = eqx.filter_jit(stepped)


@runtime_checkable
class Reads(Protocol):
    """Between what an environment shows and takes, and an interface."""

    @property
    def interface(self) -> Interface:
        """What the agent sees and does."""
        ...

    def read_each(self, observations: list[Any]) -> dict[str, np.ndarray]:
        """The parts `[n, *shape]` of n observations."""
        ...

    def read_batch(self, observations: Any) -> dict[str, np.ndarray]:
        """The parts of a batch of observations."""
        ...

    def write_each(self, actions: np.ndarray) -> list[Any]:
        """Actions as the environment takes them, one by one."""
        ...

    def write_batch(self, actions: np.ndarray) -> Any:
        """Actions as a batch."""
        ...


class PolicyState(NamedTuple):
    """What a policy carries from a step to the next.

    Attributes:
        memory: the agent's state in each stream.
        action: the action taken last in each stream.
        steps: the number of steps so far.
    """

    memory: PyTree
    action: Array
    steps: int


class Policy:
    """A trained agent that acts in one stream, or in several side by side.

    Its memory is kept from call to call: `act` must see every step of an episode, in order, and
    must be told where an episode begins. `engrax.load` makes one.

    Attributes:
        agent: with its weights.
        interface: what it sees and does.
        streams: how many streams it acts in; None for one, whose arrays have no first axis for it.
    """

    def __init__(
        self, agent: AbstractAgent[Any], reads: Reads, streams: int | None = None, seed: int = 0
    ):
        """Begins with an empty memory.

        Args:
            agent: acts.
            reads: the environment's observations and actions.
            streams: to act in side by side, such as those of a vector environment; one if None.
            seed: of the actions that are sampled.

        Raises:
            UserError: the agent was made for another interface, or the streams are fewer than 1.
        """
        check_interface(agent, reads.interface)
        if streams is not None and streams < 1:
            raise UserError(f"streams is {streams}, expected at least 1, or None for one stream")
        self.agent, self.interface, self.streams = agent, reads.interface, streams
        self._reads, self._count = reads, streams or 1
        self._keys = jax.random.split(jax.random.key(seed), self._count)
        self._state: PolicyState | None = None

    def reset(self) -> None:
        """Forgets everything: the next step opens an episode in every stream."""
        self._state = None

    def act(
        self,
        observation: Any,
        *,
        first: Any = False,
        reward: Any = 0.0,
        greedy: bool = False,
        action_mask: Any = None,
    ) -> Any:
        """The action for an observation, as the environment takes it.

        Args:
            observation: as the environment gives it; with several streams, a batch of them.
            first: whether an episode opens with it; one truth value a stream. The first call, and
                that after `reset`, opens one in any case.
            reward: of the transition into it; agents are trained with it as an input.
            greedy: whether to take the likeliest action instead of sampling.
            action_mask: which actions are possible, where the environment says it outside of its
                observations; all are if not given. With several streams, one a stream.

        Raises:
            UserError: an observation or a mask that does not fit the interface, or one value a
                stream is missing.
        """
        action, self._state = self._advance(
            observation, self._state, first, reward, greedy, action_mask
        )
        return action

    def predict(
        self,
        observation: Any,
        state: PolicyState | None = None,
        episode_start: Any = None,
        deterministic: bool = False,
        *,
        reward: Any = 0.0,
        action_masks: Any = None,
    ) -> tuple[Any, PolicyState]:
        """`act` under the names of Stable-Baselines3, with the state passed by the caller.

        Args:
            observation: as the environment gives it.
            state: what the last call returned; None opens an episode in every stream.
            episode_start: which streams open an episode with this observation; none if not given.
            deterministic: whether to take the likeliest action instead of sampling.
            reward: of the transition into it. Stable-Baselines3 has no such argument.
            action_masks: which actions are possible; see `act`.

        Returns:
            The action, and the state for the next call.
        """
        first = False if episode_start is None else episode_start
        return self._advance(observation, state, first, reward, deterministic, action_masks)

    def _advance(
        self,
        observation: Any,
        state: PolicyState | None,
        first: Any,
        reward: Any,
        greedy: bool,
        mask: Any,
    ) -> tuple[Any, PolicyState]:
        opens = state is None
        state = self._empty() if state is None else state
        first = self._each("first", first, np.dtype(bool)) | opens
        inp = AgentInput(
            {name: jnp.array(part) for name, part in self._read(observation, mask).items()},
            state.action,
            jnp.array(self._each("reward", reward, np.dtype(np.float32))),
            jnp.array(first),
        )
        keys = keys_at(self._keys, state.steps)
        memory, actions, _ = _step(self.agent, state.memory, inp, keys, jnp.asarray(greedy))
        taken = np.asarray(actions)
        one = self.streams is None
        given = self._reads.write_each(taken)[0] if one else self._reads.write_batch(taken)
        return given, PolicyState(memory, actions, state.steps + 1)

    def _empty(self) -> PolicyState:
        return PolicyState(*beginning(self.agent, self.interface, self._count), 0)

    def _read(self, observation: Any, mask: Any) -> dict[str, np.ndarray]:
        if self.streams is None:
            parts = self._reads.read_each([observation])
            return parts | self._masks(parts, None if mask is None else [mask])
        parts = self._reads.read_batch(observation)
        parts |= self._masks(parts, mask)
        sizes = {name: len(part) for name, part in parts.items()}
        if wrong := {name: size for name, size in sizes.items() if size != self.streams}:
            name, size = next(iter(wrong.items()))
            raise UserError(
                f"observation {name!r} is of {size} streams, expected {self.streams}: load the "
                f"policy with streams={size}"
            )
        return parts

    def _masks(self, parts: Mapping[str, Any], masks: Any) -> dict[str, np.ndarray]:
        """The part of the interface that observations do not have: one mask a stream."""
        name = self.interface.mask
        if name is None or name in parts:
            if masks is not None:
                where = "has none" if name is None else f"finds it in {name!r} of an observation"
                raise UserError(f"a mask of actions was given, but the agent {where}: leave it out")
            return {}
        size = self.interface.observations[name].shape[0]
        given = np.ones((self._count, size), bool) if masks is None else masks
        return {name: np.array([checked_mask(mask, size) for mask in given])}

    def _each(self, name: str, value: Any, dtype: np.dtype[Any]) -> np.ndarray:
        """One value a stream."""
        array = np.asarray(value)
        if array.shape not in ((), (self._count,)):
            raise UserError(
                f"{name} has shape {list(array.shape)}, expected one value for each of "
                f"{self._count} streams"
            )
        return np.broadcast_to(array, (self._count,)).astype(dtype)


class Parts:
    """Reads the observations of a task of engrax, which have the parts of its interface."""

    def __init__(self, interface: Interface):
        self.interface = interface

    def read_each(self, observations: list[Any]) -> dict[str, np.ndarray]:
        """The parts of n observations."""
        each = [self._parts(observation, ()) for observation in observations]
        return {name: np.stack([one[name] for one in each]) for name in each[0]}

    def read_batch(self, observations: Any) -> dict[str, np.ndarray]:
        """The parts of a batch."""
        return self._parts(observations, (-1,))

    def write_each(self, actions: np.ndarray) -> list[Any]:
        """The actions one by one."""
        return list(actions)

    def write_batch(self, actions: np.ndarray) -> np.ndarray:
        """The actions as they are."""
        return actions

    def _parts(self, observation: Any, leading: tuple[int, ...]) -> dict[str, np.ndarray]:
        specs = self.interface.observations
        if not isinstance(observation, Mapping) or set(observation) != set(specs):
            got = list(observation) if isinstance(observation, Mapping) else type(observation)
            raise UserError(f"an observation is {got}, expected a dict of {sorted(specs)}")
        return {name: _part(name, observation[name], specs[name], leading) for name in specs}


def _part(name: str, value: Any, spec: Spec, leading: tuple[int, ...]) -> np.ndarray:
    array = np.asarray(value)
    if array.shape[len(leading) :] != spec.shape or array.ndim != len(leading) + len(spec.shape):
        batch = "of a batch " if leading else ""
        raise UserError(
            f"observation {name!r} {batch}has shape {list(array.shape)}, expected "
            f"{[*('n' for _ in leading), *spec.shape]}"
        )
    return array.astype(spec.dtype)


def load(
    directory: RunDirectory | Path | str,
    environment: Any = None,
    *,
    streams: int | None = None,
    seed: int = 0,
) -> Policy:
    """A policy for a program of one's own, from a run or a published result.

    Args:
        directory: the run, or its path.
        environment: the Gymnasium environment or vector environment to play in. It is only asked
            for its spaces. If not given, that which the agent was trained on is made for that
            purpose.
        streams: to act in side by side; those of a vector environment if it is given, otherwise
            one.
        seed: of the actions that are sampled.

    Raises:
        UserError: see `load_trained`; or the environment is not like that of the training.
    """
    trained = load_trained(directory)
    reads = _reads(trained.experiment.task, environment)
    if streams is None:
        streams = getattr(environment, "num_envs", None)
    return Policy(trained.agent, reads, streams, seed)


def _reads(task: Any, environment: Any) -> Reads:
    if not isinstance(task, GymnasiumTask):
        return Parts(task.interface)
    with building():
        return task.translator if environment is None else task.translator_for(environment)
