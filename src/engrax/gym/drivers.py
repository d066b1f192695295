"""What steps environments: in this process, in another (`engrax.gym.workers`), or a vector
environment (`engrax.gym.vectors`).

All drivers do the same. In one advance, a stream whose episode ended before opens its next one, and
its action is ignored; every other stream takes its action. This is Gymnasium's NEXT_STEP mode.
"""

import abc
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from gymnasium import Env

from engrax.gym.infos import kept_of
from engrax.gym.orders import Open, Order, Replay, Turn, carry_out
from engrax.gym.spaces import Translator


class Moves(NamedTuple):
    """What n environments did in one advance; where an episode opened, only the observation counts.

    Attributes:
        observation: by part, `[n, *shape]`.
        reward: float32 `[n]`.
        terminated: `[n]`, the episode truly ended.
        truncated: `[n]`, it was cut off.
        info: what is kept of `info`, see `engrax.gym.infos`, `[n, ...]`.
        lost: the streams whose episode was lost with a worker; nothing else of them counts.
    """

    observation: dict[str, np.ndarray]
    reward: np.ndarray
    terminated: np.ndarray
    truncated: np.ndarray
    info: dict[str, np.ndarray]
    lost: frozenset[int] = frozenset()


class AbstractDriver(abc.ABC):
    """Steps n environments side by side.

    Attributes:
        num_streams: n.
        in_process: whether a process of its own steps them,
        restarts: and how often it was started again.
    """

    num_streams: int
    in_process: bool = False
    restarts: int = 0

    @property
    def cpu_seconds(self) -> float:
        """CPU time of a process of its own; 0 without one."""
        return 0.0

    @abc.abstractmethod
    def open(self, seeds: Sequence[int]) -> Moves:
        """Opens an episode in every stream."""

    @abc.abstractmethod
    def send(self, actions: np.ndarray, seeds: Mapping[int, int]) -> None:
        """Begins to open an episode in the streams that have a seed, and to step all others."""

    @abc.abstractmethod
    def receive(self) -> Moves:
        """What came of it."""

    @abc.abstractmethod
    def close(self) -> None:
        """Closes the environments."""


class AbstractSeededDriver(AbstractDriver):
    """Steps environments one after another, each episode from its own seed."""

    def __init__(self, streams: int, translator: Translator):
        self.num_streams, self._translator = streams, translator

    def open(self, seeds: Sequence[int]) -> Moves:
        """Resets every environment."""
        return self.reopen(dict(enumerate(seeds)))

    def send(self, actions: np.ndarray, seeds: Mapping[int, int]) -> None:
        """Resets the environments that have a seed, and steps all others."""
        self.order({stream: Open(seed) for stream, seed in seeds.items()}, actions)

    def reopen(self, seeds: Mapping[int, int]) -> Moves:
        """Opens an episode in some streams; the others stay where they are."""
        self.order({stream: Open(seed) for stream, seed in seeds.items()})
        return self.receive()

    def replay(self, seeds: Sequence[int], actions: Sequence[np.ndarray]) -> Moves:
        """Plays every stream's episode again; see `engrax.gym.orders.carry_out`."""
        write = self._translator.write_each
        played = zip(seeds, actions, strict=True)
        self.order({i: Replay(seed, write(taken)) for i, (seed, taken) in enumerate(played)})
        return self.receive()

    @abc.abstractmethod
    def order(self, orders: Mapping[int, Order], actions: np.ndarray | None = None) -> None:
        """Begins to carry out the orders of some streams; all others take a step with their action
        `[n, *shape]`, or stay where they are if there are no actions.
        """


class PlainDriver(AbstractSeededDriver):
    """Steps environments in this process, as soon as they are told to."""

    def __init__(self, envs: Sequence[Env[Any, Any]], translator: Translator):
        super().__init__(len(envs), translator)
        self._envs = list(envs)
        self._turns: dict[int, Turn] = {}

    def order(self, orders: Mapping[int, Order], actions: np.ndarray | None = None) -> None:
        """Carries out orders and actions."""
        if actions is not None:
            for stream, action in enumerate(self._translator.write_each(actions)):
                if stream not in orders:
                    self._turns[stream] = self._envs[stream].step(action)
        for stream, order in orders.items():
            self._turns[stream] = carry_out(self._envs[stream], order)

    def receive(self) -> Moves:
        """The latest turns of all streams side by side."""
        turns = [self._turns[stream] for stream in range(self.num_streams)]
        observations, rewards, terminated, truncated, infos = zip(*turns, strict=True)
        return Moves(
            self._translator.read_each(observations) | self._translator.masks(infos),
            np.array([float(reward) for reward in rewards], np.float32),
            np.array(terminated, bool),
            np.array(truncated, bool),
            kept_of(infos, self._translator.answers),
        )

    def close(self) -> None:
        """Closes every environment."""
        for env in self._envs:
            env.close()
