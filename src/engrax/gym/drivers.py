"""What steps environments: one by one, or as a vector environment of any kind of autoreset.

All drivers do the same. In one advance, a stream whose episode ended before opens its next one, its action ignored;
every other stream takes its action. So all of them follow Gymnasium's NEXT_STEP mode.
"""

import abc
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from gymnasium import Env
from gymnasium.vector import VectorEnv

from engrax.errors import ConfigError
from engrax.gym.spaces import Translator

SUCCESS = ("success", "is_success")
"""Entries of `info` that say whether an episode succeeds."""


class Moves(NamedTuple):
    """What n environments did in one advance; where an episode opened, only the observation counts.

    Attributes:
        observation: by part, `[n, *shape]`.
        reward: float32 `[n]`.
        terminated: `[n]`, the episode truly ended.
        truncated: `[n]`, it was cut off.
        success: `[n]`, as `info` says it; None where it says nothing.
    """

    observation: dict[str, np.ndarray]
    reward: np.ndarray
    terminated: np.ndarray
    truncated: np.ndarray
    success: np.ndarray | None


class AbstractDriver(abc.ABC):
    """Steps n environments side by side.

    Attributes:
        num_streams: n.
        seeded: whether each episode is opened by its own seed.
    """

    num_streams: int
    seeded: bool

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

    seeded = True

    def __init__(self, envs: Sequence[Env[Any, Any]], translator: Translator):
        self._envs, self._translator = list(envs), translator
        self.num_streams = len(self._envs)

    def open(self, seeds: Sequence[int]) -> Moves:
        """Resets every environment."""
        return self._moves(
            [self._reset(env, seed) for env, seed in zip(self._envs, seeds, strict=True)]
        )

    def advance(self, actions: np.ndarray, seeds: Mapping[int, int]) -> Moves:
        """Resets the environments that have a seed, and steps all others."""
        given = self._translator.write_each(actions)
        each = enumerate(zip(self._envs, given, strict=True))
        return self._moves(
            [self._reset(e, seeds[i]) if i in seeds else e.step(a) for i, (e, a) in each]
        )

    def replay(self, stream: int, seed: int, actions: np.ndarray) -> tuple[Any, ...] | None:
        """One stream's episode once more: its last turn, or None where it ends before the last action."""
        env, turn = self._envs[stream], self._reset(self._envs[stream], seed)
        for action in self._translator.write_each(actions):
            if turn[2] or turn[3]:
                return None
            turn = env.step(action)
        return turn

    def reopen(self, stream: int, seed: int) -> tuple[Any, ...]:
        """One stream's episode from its beginning."""
        return self._reset(self._envs[stream], seed)

    def joined(self, turns: Sequence[tuple[Any, ...]]) -> Moves:
        """Turns of all streams side by side."""
        return self._moves(turns)

    def close(self) -> None:
        """Closes every environment."""
        for env in self._envs:
            env.close()

    @staticmethod
    def _reset(env: Env[Any, Any], seed: int) -> tuple[Any, ...]:
        observation, info = env.reset(seed=seed)
        return observation, 0.0, False, False, info

    def _moves(self, turns: Sequence[tuple[Any, ...]]) -> Moves:
        observations, rewards, terminated, truncated, infos = zip(*turns, strict=True)
        return Moves(
            self._translator.read_each(observations),
            np.array([float(reward) for reward in rewards], np.float32),
            np.array(terminated, bool),
            np.array(truncated, bool),
            _success_of(infos),
        )


def _success_of(infos: Sequence[Mapping[str, Any]]) -> np.ndarray | None:
    for name in SUCCESS:
        if any(name in info for info in infos):
            return np.array([bool(info.get(name, False)) for info in infos])
    return None


class NextStepDriver(AbstractDriver):
    """Steps a vector environment that resets by itself in the step after an episode's last.

    Only the first episode of a stream has a seed; later ones go on in the environment's own random
    stream.
    """

    seeded = False

    def __init__(self, envs: VectorEnv[Any, Any, Any], translator: Translator):
        self._envs, self._translator = envs, translator
        self.num_streams = envs.num_envs

    def open(self, seeds: Sequence[int]) -> Moves:
        """Resets every stream."""
        return _opened(self._translator, self._envs.reset(seed=list(seeds))[0], len(seeds))

    def advance(self, actions: np.ndarray, seeds: Mapping[int, int]) -> Moves:
        """Steps all streams; those that ended reset by themselves."""
        del seeds
        return _moved(self._translator, *self._envs.step(self._translator.write_batch(actions)))

    def close(self) -> None:
        """Closes the environment."""
        self._envs.close()


def _opened(translator: Translator, observations: Any, count: int) -> Moves:
    """What a vector environment shows after a reset."""
    never = np.zeros(count, bool)
    read = translator.read_batch(observations)
    return Moves(read, np.zeros(count, np.float32), never, never, None)


def _moved(
    translator: Translator,
    observations: Any,
    reward: Any,
    terminated: Any,
    truncated: Any,
    info: Mapping[str, Any],
) -> Moves:
    """What a vector environment gives back from a step."""
    terminated = np.array(terminated, bool)
    return Moves(
        translator.read_batch(observations),
        np.asarray(reward, np.float32).reshape(terminated.shape),
        terminated,
        np.array(truncated, bool),
        _batched_success(info),
    )


def _batched_success(info: Mapping[str, Any]) -> np.ndarray | None:
    return next((np.array(info[name], bool) for name in SUCCESS if name in info), None)


class MaskedDriver(AbstractDriver):
    """Steps a vector environment that resets in the step itself (SAME_STEP) or not at all (DISABLED).

    Such an environment steps all its streams in every call, also one that is about to open an
    episode. That step is thrown away: after the call the stream is reset, by the episode's seed and
    alone (`options["reset_mask"]`).
    """

    seeded = True

    def __init__(self, envs: VectorEnv[Any, Any, Any], translator: Translator, resets: bool):
        """Takes over an environment.

        Args:
            envs: the environment.
            translator: of its spaces.
            resets: whether it resets in the step that ends an episode.
        """
        self._envs, self._translator, self._resets = envs, translator, resets
        self.num_streams = envs.num_envs

    def open(self, seeds: Sequence[int]) -> Moves:
        """Resets every stream."""
        return _opened(self._translator, self._envs.reset(seed=list(seeds))[0], len(seeds))

    def advance(self, actions: np.ndarray, seeds: Mapping[int, int]) -> Moves:
        """Steps all streams, then resets those that have a seed."""
        if seeds and not self._resets:
            self._reset(seeds)
        stepped = self._envs.step(self._translator.write_batch(actions))
        moves, info = _moved(self._translator, *stepped), stepped[-1]
        if seeds:
            moves = self._with_opened(moves, seeds)
        return self._with_final(moves, info, seeds) if self._resets else moves

    def close(self) -> None:
        """Closes the environment."""
        self._envs.close()

    def _reset(self, seeds: Mapping[int, int]) -> Any:
        mask = np.array([stream in seeds for stream in range(self.num_streams)])
        given: Any = [seeds.get(stream) for stream in range(self.num_streams)]
        return self._envs.reset(seed=given, options={"reset_mask": mask})[0]

    def _with_opened(self, moves: Moves, seeds: Mapping[int, int]) -> Moves:
        """Moves with the first observations of the streams that open an episode."""
        after = self._translator.read_batch(self._reset(seeds))
        others = [stream for stream in range(self.num_streams) if stream not in seeds]
        if any(
            (after[name][others] != value[others]).any()
            for name, value in moves.observation.items()
        ):
            raise ConfigError(
                "the vector environment ignores options['reset_mask'] and resets streams that were "
                "under way: make it with autoreset_mode NEXT_STEP, or give a function that makes one "
                "environment"
            )
        return moves._replace(observation=after)

    def _with_final(self, moves: Moves, info: Mapping[str, Any], seeds: Mapping[int, int]) -> Moves:
        """Moves with the last observations of the episodes that ended, not the next ones' first."""
        ends = moves.terminated | moves.truncated
        ended = [int(i) for i in np.flatnonzero(ends) if i not in seeds]
        if not ended:
            return moves
        shown = {name: value.copy() for name, value in moves.observation.items()}
        for name, rows in self._final_rows(info, ended).items():
            shown[name][ended] = rows
        final = _batched_success(info.get("final_info", {}))
        running = np.zeros(len(ends), bool) if moves.success is None else moves.success
        success = moves.success if final is None else np.where(ends, final, running)
        return moves._replace(observation=shown, success=success)

    def _final_rows(self, info: Mapping[str, Any], ended: Sequence[int]) -> dict[str, np.ndarray]:
        if "final_obs" not in info:
            raise ConfigError(
                "the vector environment says SAME_STEP, but info has no 'final_obs' where an episode "
                "ended: make it with autoreset_mode NEXT_STEP"
            )
        final = info["final_obs"]
        if isinstance(final, np.ndarray) and final.dtype == object:
            return self._translator.read_each([final[i] for i in ended])
        read = self._translator.read_batch(final)
        return {name: value[ended] for name, value in read.items()}
