"""What steps environments: one after another, or (`engrax.gym.vectors`) a vector environment.

All drivers do the same. In one advance, a stream whose episode ended before opens its next one, and
its action is ignored; every other stream takes its action. This is Gymnasium's NEXT_STEP mode.
"""

import abc
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from gymnasium import Env

from engrax.gym.infos import kept_of
from engrax.gym.spaces import Translator

Turn = tuple[Any, Any, Any, Any, Mapping[str, Any]]
"""What one environment gives back from a step: observation, reward, terminated, truncated, info."""


class Moves(NamedTuple):
    """What n environments did in one advance; where an episode opened, only the observation counts.

    Attributes:
        observation: by part, `[n, *shape]`.
        reward: float32 `[n]`.
        terminated: `[n]`, the episode truly ended.
        truncated: `[n]`, it was cut off.
        info: what is kept of `info`, see `engrax.gym.infos`, `[n, ...]`.
    """

    observation: dict[str, np.ndarray]
    reward: np.ndarray
    terminated: np.ndarray
    truncated: np.ndarray
    info: dict[str, np.ndarray]


class AbstractDriver(abc.ABC):
    """Steps n environments side by side.

    Attributes:
        num_streams: n.
    """

    num_streams: int

    @abc.abstractmethod
    def open(self, seeds: Sequence[int]) -> Moves:
        """Opens an episode in every stream."""

    @abc.abstractmethod
    def advance(self, actions: np.ndarray, seeds: Mapping[int, int]) -> Moves:
        """Opens an episode in the streams that have a seed, and steps all others."""

    @abc.abstractmethod
    def close(self) -> None:
        """Closes the environments."""


class PlainDriver(AbstractDriver):
    """Steps environments one after another, each episode from its own seed."""

    def __init__(self, envs: Sequence[Env[Any, Any]], translator: Translator):
        self._envs, self._translator = list(envs), translator
        self.num_streams = len(self._envs)

    def open(self, seeds: Sequence[int]) -> Moves:
        """Resets every environment."""
        return self.joined([self.reopen(stream, seed) for stream, seed in enumerate(seeds)])

    def advance(self, actions: np.ndarray, seeds: Mapping[int, int]) -> Moves:
        """Resets the environments that have a seed, and steps all others."""
        given = self._translator.write_each(actions)
        return self.joined(
            [
                self.reopen(stream, seeds[stream]) if stream in seeds else env.step(action)
                for stream, (env, action) in enumerate(zip(self._envs, given, strict=True))
            ]
        )

    def reopen(self, stream: int, seed: int) -> Turn:
        """Opens an episode in one stream."""
        observation, info = self._envs[stream].reset(seed=seed)
        return observation, 0.0, False, False, info

    def replay(self, stream: int, seed: int, actions: np.ndarray) -> Turn | None:
        """Plays one stream's episode again.

        Returns:
            Its last turn; None where it ends before the last action.
        """
        turn = self.reopen(stream, seed)
        for action in self._translator.write_each(actions):
            if turn[2] or turn[3]:
                return None
            turn = self._envs[stream].step(action)
        return turn

    def joined(self, turns: Sequence[Turn]) -> Moves:
        """Turns of all streams side by side."""
        observations, rewards, terminated, truncated, infos = zip(*turns, strict=True)
        return Moves(
            self._translator.read_each(observations),
            np.array([float(reward) for reward in rewards], np.float32),
            np.array(terminated, bool),
            np.array(truncated, bool),
            kept_of(infos, self._translator.answers),
        )

    def close(self) -> None:
        """Closes every environment."""
        for env in self._envs:
            env.close()
