"""Which episode each stream is in: its seed, and what brings it back after an interruption."""

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any, NamedTuple

import numpy as np


def episode_seed(seed: int, number: int) -> int:
    """The seed of an episode: it follows from the stream's seed and the episode's number.

    Returns:
        From 0 to 2^31 - 1, which every environment takes.
    """
    word = np.random.SeedSequence((seed, number)).generate_state(1)[0]
    return int(word >> 1)


def digest(arrays: Mapping[str, np.ndarray], stream: int) -> int:
    """A hash of what one stream shows, 32 bits."""
    hashed = blake2b(digest_size=4)
    for name in sorted(arrays):
        hashed.update(np.ascontiguousarray(arrays[name][stream]).tobytes())
    return int.from_bytes(hashed.digest(), "little")


class OpenEpisodes(NamedTuple):
    """The episodes that n streams are in; arrays only, so that a checkpoint can hold them.

    Attributes:
        seed: of each stream, uint32 `[n]`.
        number: how many episodes each stream had opened before this one, `[n]`.
        length: how many actions were taken since it opened, `[n]`.
        actions: all of them, stream after stream, `[sum of length, *shape of an action]`.
        digest: a hash of the step that each stream shows, `[n]`.
    """

    seed: Any
    number: Any
    length: Any
    actions: Any
    digest: Any

    def actions_of(self, stream: int) -> np.ndarray:
        """The actions that a stream took in its episode, in order."""
        return self.of(slice(stream, stream + 1)).actions

    def of(self, streams: slice) -> "OpenEpisodes":
        """The episodes of neighbouring streams."""
        start = int(self.length[: streams.start].sum())
        end = start + int(self.length[streams].sum())
        seed, number, length, digest = (
            getattr(self, name)[streams] for name in ("seed", "number", "length", "digest")
        )
        return OpenEpisodes(seed, number, length, self.actions[start:end], digest)


class Journal:
    """Keeps of each stream its seed, and the episode's number and actions."""

    def __init__(self, seeds: np.ndarray):
        """Args: `seeds`, one a stream, uint32 [n]."""
        self.seed = np.array(seeds, np.uint32)
        self.number = np.zeros(len(self.seed), np.int32)
        self._taken: list[list[np.ndarray]] = [[] for _ in self.seed]

    def open_seed(self, stream: int) -> int:
        """The seed of the episode that a stream is in."""
        return episode_seed(int(self.seed[stream]), int(self.number[stream]))

    def next_episode(self, stream: int) -> int:
        """Moves a stream on to its next episode, and gives the seed."""
        self.number[stream] += 1
        self._taken[stream] = []
        return self.open_seed(stream)

    def take(self, actions: np.ndarray, ignored: Mapping[int, int]) -> None:
        """Notes each stream's action, except where it was ignored because an episode opened."""
        for stream, action in enumerate(actions):
            if stream not in ignored:
                self._taken[stream].append(action)

    def set_actions(self, stream: int, actions: np.ndarray) -> None:
        """Notes all actions of a stream's episode at once."""
        self._taken[stream] = list(actions)

    def entries(self, actions: np.ndarray, digests: list[int]) -> OpenEpisodes:
        """All of it as arrays.

        Args:
            actions: any actions, for their shape and dtype.
            digests: of what each stream shows.
        """
        taken = [action for stream in self._taken for action in stream]
        shape = (len(taken), *actions.shape[1:])
        return OpenEpisodes(
            seed=self.seed.copy(),
            number=self.number.copy(),
            length=np.array([len(stream) for stream in self._taken], np.int32),
            actions=np.array(taken, actions.dtype).reshape(shape),
            digest=np.array(digests, np.uint32),
        )
