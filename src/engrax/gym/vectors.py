"""Drivers of vector environments, one for each kind of autoreset."""

import abc
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from gymnasium import error
from gymnasium.vector import VectorEnv

from engrax.errors import ConfigError
from engrax.gym.drivers import AbstractDriver, Moves
from engrax.gym.infos import kept_of, separate
from engrax.gym.masking import first_possible
from engrax.gym.spaces import Translator
from engrax.gym.steps import chosen


class AbstractVectorDriver(AbstractDriver):
    """Steps a vector environment."""

    def __init__(self, envs: VectorEnv[Any, Any, Any], translator: Translator):
        self._envs, self._translator = envs, translator
        self.num_streams = envs.num_envs
        self._sent: tuple[np.ndarray, Mapping[int, int]] | None = None

    def open(self, seeds: Sequence[int]) -> Moves:
        """Resets every stream, each by a seed."""
        observations, info = _reset(self._envs, seeds)
        never, reward = np.zeros(len(seeds), bool), np.zeros(len(seeds), np.float32)
        return _moved(self._translator, observations, reward, never, never, info)

    def send(self, actions: np.ndarray, seeds: Mapping[int, int]) -> None:
        """Keeps the actions until what comes of them is asked for."""
        self._sent = actions, seeds

    def receive(self) -> Moves:
        """Steps all streams."""
        assert self._sent is not None
        return self.advance(*self._sent)

    @abc.abstractmethod
    def advance(self, actions: np.ndarray, seeds: Mapping[int, int]) -> Moves:
        """Opens an episode in the streams that have a seed, and steps all others."""

    def close(self) -> None:
        """Closes the environment."""
        self._envs.close()


class NextStepDriver(AbstractVectorDriver):
    """Steps a vector environment that resets by itself in the step after an episode's last.

    Only the first episode of a stream has a seed; later ones go on in the environment's own random
    stream.
    """

    def advance(self, actions: np.ndarray, seeds: Mapping[int, int]) -> Moves:
        """Steps all streams; those that ended reset by themselves."""
        del seeds
        return _moved(self._translator, *self._envs.step(self._translator.write_batch(actions)))


def _reset(
    envs: VectorEnv[Any, Any, Any],
    seeds: Sequence[int | None],
    options: dict[str, Any] | None = None,
) -> Any:
    """Resets streams by a seed each, or by the first seed where an environment takes only one."""
    given: Any = list(seeds)
    try:
        return envs.reset(seed=given, options=options)
    except (error.Error, TypeError, ValueError):
        return envs.reset(seed=next(s for s in seeds if s is not None), options=options)


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
    infos = separate(info, len(terminated), translator.kept)
    return Moves(
        translator.read_batch(observations) | translator.masks(infos),
        np.asarray(reward, np.float32).reshape(terminated.shape),
        terminated,
        np.array(truncated, bool),
        kept_of(infos, translator.answers),
    )


class MaskedDriver(AbstractVectorDriver):
    """Steps a vector environment of mode SAME_STEP or DISABLED.

    It resets in the step that ends an episode, or not at all, and it steps all its streams in every
    call, also one that is about to open an episode. Such a step is thrown away: after the call the
    stream is reset alone (`options["reset_mask"]`), by the episode's seed.
    """

    def __init__(self, envs: VectorEnv[Any, Any, Any], translator: Translator, resets: bool):
        """Takes over an environment.

        Args:
            envs: the environment.
            translator: of its spaces.
            resets: whether it resets in the step that ends an episode.
        """
        super().__init__(envs, translator)
        self._resets, self._mask = resets, translator.interface.mask or ""
        self._possible: np.ndarray | None = None

    def advance(self, actions: np.ndarray, seeds: Mapping[int, int]) -> Moves:
        """Steps all streams, then resets those that have a seed."""
        if seeds and not self._resets:
            observations, info = self._reset(seeds)
            self._possible = self._parts(observations, info).get(self._mask)
        stepped = self._envs.step(self._translator.write_batch(self._allowed(actions, seeds)))
        moves, info = _moved(self._translator, *stepped), stepped[-1]
        self._possible = moves.observation.get(self._mask)
        if seeds:
            moves = self._with_opened(moves, seeds)
        return self._with_final(moves, info, seeds) if self._resets else moves

    def _allowed(self, actions: np.ndarray, seeds: Mapping[int, int]) -> np.ndarray:
        """Actions in which those that will be thrown away are possible."""
        if self._possible is None or not seeds:
            return actions
        first = first_possible(self._possible, self._translator.interface.actions.choices)
        first = first.reshape(actions.shape).astype(actions.dtype)
        return chosen(self._opening(seeds), {"": first}, {"": actions})[""]

    def _parts(self, observations: Any, info: Mapping[str, Any]) -> dict[str, np.ndarray]:
        masks = self._translator.masks(self._separate(info))
        return self._translator.read_batch(observations) | masks

    def _reset(self, seeds: Mapping[int, int]) -> Any:
        given = [seeds.get(stream) for stream in range(self.num_streams)]
        return _reset(self._envs, given, {"reset_mask": self._opening(seeds)})

    def _opening(self, seeds: Mapping[int, int]) -> np.ndarray:
        return np.array([stream in seeds for stream in range(self.num_streams)])

    def _with_opened(self, moves: Moves, seeds: Mapping[int, int]) -> Moves:
        """Moves with the first observations of the streams that open an episode."""
        observations, info = self._reset(seeds)
        after = self._translator.read_batch(observations)
        others = [stream for stream in range(self.num_streams) if stream not in seeds]
        shown = moves.observation
        if any(
            part[others].tobytes() != shown[name][others].tobytes() for name, part in after.items()
        ):
            raise ConfigError(
                "the vector environment ignores options['reset_mask'] and resets streams that were "
                "under way: make it with autoreset_mode NEXT_STEP, or give a function that makes "
                "one environment"
            )
        infos, opening = self._separate(info), self._opening(seeds)
        return moves._replace(
            observation=chosen(opening, after | self._translator.masks(infos), shown),
            info=chosen(opening, kept_of(infos, self._translator.answers), moves.info),
        )

    def _with_final(self, moves: Moves, info: Mapping[str, Any], seeds: Mapping[int, int]) -> Moves:
        """Moves with the last observations of the episodes that ended, not the next ones' first."""
        ends = moves.terminated | moves.truncated
        ends[list(seeds)] = False
        if not ends.any():
            return moves
        ended = [int(i) for i in np.flatnonzero(ends)]
        shown = {name: value.copy() for name, value in moves.observation.items()}
        for name, rows in self._final_rows(info, ended).items():
            shown[name][ended] = rows
        kept = moves.info
        if "final_info" in info:
            final = kept_of(self._separate(info["final_info"]), self._translator.answers)
            kept = chosen(ends, final, kept)
        return moves._replace(observation=shown, info=kept)

    def _separate(self, info: Mapping[str, Any]) -> list[dict[str, Any]]:
        return separate(info, self.num_streams, self._translator.kept)

    def _final_rows(self, info: Mapping[str, Any], ended: Sequence[int]) -> dict[str, np.ndarray]:
        if "final_obs" not in info:
            raise ConfigError(
                "the vector environment says SAME_STEP, but info has no 'final_obs' where an "
                "episode ended: make it with autoreset_mode NEXT_STEP"
            )
        final = info["final_obs"]
        if isinstance(final, np.ndarray) and final.dtype == object:
            return self._translator.read_each([final[i] for i in ended])
        read = self._translator.read_batch(final)
        return {name: value[ended] for name, value in read.items()}


def driver_of(envs: VectorEnv[Any, Any, Any], translator: Translator) -> AbstractDriver:
    """The driver for the mode that an environment's metadata names.

    Raises:
        ConfigError: it names none.
    """
    mode = envs.metadata.get("autoreset_mode")
    match getattr(mode, "value", mode):
        case "NextStep":
            return NextStepDriver(envs, translator)
        case "SameStep":
            return MaskedDriver(envs, translator, resets=True)
        case "Disabled":
            return MaskedDriver(envs, translator, resets=False)
    raise ConfigError(
        f"the vector environment's metadata has autoreset_mode {mode!r}, expected a "
        "gymnasium.vector.AutoresetMode: set metadata['autoreset_mode'] to the one that it "
        "follows, such as AutoresetMode.NEXT_STEP"
    )
