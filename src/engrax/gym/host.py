"""Gymnasium environments as streams: one protocol, whatever kind of environment is given."""

import abc
import weakref
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from engrax.errors import ConfigError
from engrax.gym.drivers import AbstractDriver, Moves, PlainDriver, Turn
from engrax.gym.episodes import Journal, OpenEpisodes, digest
from engrax.gym.infos import blank
from engrax.gym.spaces import Translator
from engrax.types import Interface


class Steps(NamedTuple):
    """One time step of n streams, as `engrax.types.TimeStep` has it, in NumPy.

    The arrays are the caller's own: no later step changes them.

    Attributes:
        observation: by part, `[n, *shape]`.
        reward: float32 `[n]`, of the transition into this step; 0 at `first`.
        discount: float32 `[n]`, 0 only where an episode was terminated; a truncation has 1.
        first: bool `[n]`, an episode opens.
        last: bool `[n]`, an episode closes; the action given next is ignored.
        effective: bool `[n]`, always true.
        info: what is kept of the environment's `info`, `[n, ...]`: `success`, bool, false where it
            says nothing; and `answers` int32 and `known` bool where the interface has a question.
    """

    observation: dict[str, np.ndarray]
    reward: np.ndarray
    discount: np.ndarray
    first: np.ndarray
    last: np.ndarray
    effective: np.ndarray
    info: dict[str, np.ndarray]


class HostEnvironments:
    """Environments side by side, each a stream of episodes that follow on one another.

    A step after `last` ignores the stream's action and shows the next episode's `first`.
    Termination and truncation are kept apart. Every episode is opened by a seed that follows from
    the run's seed, the stream and the episode's number. The exception is a given vector environment
    of mode NEXT_STEP, which takes a seed for the first episode only.

    Attributes:
        interface: what agents see and do.
        num_streams: how many streams there are.
        translator: between their spaces and the interface.
        notes: what was decided about their spaces, one line each.
        answers: what time steps keep of `info` for the interface's question: one stream's, all
            zero; empty where there is none.
    """

    interface: Interface
    num_streams: int

    def __init__(self, driver: AbstractDriver, translator: Translator):
        """Takes over a driver; `engrax.gym.host_environments` makes one.

        Args:
            driver: steps the environments.
            translator: of their spaces.
        """
        self._driver = driver
        self._closing = weakref.finalize(self, driver.close)
        self._closing.atexit = False
        self.translator = translator
        self.interface, self.notes = translator.interface, translator.notes
        self.answers = blank(translator.answers)
        self.num_streams = driver.num_streams
        self._journal: Journal | None = None
        self._steps: Steps | None = None

    def reset(self, seeds: np.ndarray) -> Steps:
        """Opens the first episode of every stream.

        Args:
            seeds: one a stream, uint32 `[n]`; all episodes of a stream follow from its seed alone.
        """
        journal = self._journal = Journal(seeds)
        opening = [journal.open_seed(stream) for stream in range(self.num_streams)]
        return self._shown(self._driver.open(opening), np.ones(self.num_streams, bool))

    def step(self, actions: np.ndarray) -> Steps:
        """Gives every stream its action.

        Args:
            actions: `[n, *shape]`, as `interface.actions` has them.

        Raises:
            ConfigError: before `reset`, or for actions of another shape.
        """
        journal, before = self._under_way()
        actions = self._checked(actions)
        seeds = {int(i): journal.next_episode(int(i)) for i in np.flatnonzero(before.last)}
        moves = self._driver.advance(actions, seeds)
        journal.take(actions, seeds)
        return self._shown(moves, before.last)

    def episodes(self) -> OpenEpisodes:
        """The episodes under way, for `restore`."""
        journal, steps = self._under_way()
        shape, dtype = self.interface.actions.shape, self.interface.actions.dtype
        return journal.entries(np.zeros((0, *shape), dtype), _digests(steps))

    def restore(self, episodes: OpenEpisodes) -> tuple[Steps, list[int]]:
        """Takes up episodes where they were, by their seeds and actions.

        Args:
            episodes: of as many streams.

        Returns:
            The step that every stream shows, and the streams that did not come back to what they
            had shown. Those have opened their next episode.

        Raises:
            ConfigError: for another number of streams.
        """
        if len(episodes.number) != self.num_streams:
            raise ConfigError(
                f"{len(episodes.number)} streams were saved, but there are {self.num_streams}: set "
                "as many"
            )
        if not isinstance(self._driver, PlainDriver):
            return self._anew(self._driver, episodes)
        return self._replayed(self._driver, episodes)

    def close(self) -> None:
        """Closes the environments; done by itself once nothing refers to them."""
        self._closing()

    def _under_way(self) -> tuple[Journal, Steps]:
        if self._journal is None or self._steps is None:
            raise ConfigError("no episode is under way: call reset(seeds) first")
        return self._journal, self._steps

    def _checked(self, actions: np.ndarray) -> np.ndarray:
        shape = (self.num_streams, *self.interface.actions.shape)
        if np.shape(actions) != shape:
            raise ConfigError(
                f"actions have shape {np.shape(actions)}, expected {shape}: one for each stream"
            )
        return np.array(actions, self.interface.actions.dtype)

    def _shown(self, moves: Moves, first: np.ndarray) -> Steps:
        """Moves as a time step; a `first` has nothing of the episode before."""
        self._steps = Steps(
            observation=moves.observation,
            reward=np.where(first, np.float32(0), moves.reward),
            discount=np.where(moves.terminated & ~first, np.float32(0), np.float32(1)),
            first=first.copy(),
            last=(moves.terminated | moves.truncated) & ~first,
            effective=np.ones(len(first), bool),
            info=moves.info | {"success": moves.info["success"] & ~first},
        )
        return self._steps

    def _anew(self, driver: AbstractDriver, episodes: OpenEpisodes) -> tuple[Steps, list[int]]:
        """Opens the next episode in every stream."""
        self._journal = Journal(episodes.seed)
        self._journal.number[:] = episodes.number
        streams = list(range(self.num_streams))
        seeds = [self._journal.next_episode(stream) for stream in streams]
        return self._shown(driver.open(seeds), np.ones(self.num_streams, bool)), streams

    def _replayed(self, driver: PlainDriver, episodes: OpenEpisodes) -> tuple[Steps, list[int]]:
        journal = self._journal = Journal(episodes.seed)
        journal.number[:] = episodes.number
        streams, first = range(self.num_streams), episodes.length == 0
        replayed = [self._replay(driver, episodes, stream) for stream in streams]
        ended_early = [turn is None for turn in replayed]
        turns = [
            driver.reopen(stream, journal.open_seed(stream)) if turn is None else turn
            for stream, turn in enumerate(replayed)
        ]
        steps = self._shown(driver.joined(turns), first)
        found = _digests(steps)
        lost = [i for i in streams if ended_early[i] or found[i] != episodes.digest[i]]
        for stream in lost:
            turns[stream] = driver.reopen(stream, journal.next_episode(stream))
            first[stream] = True
        return (self._shown(driver.joined(turns), first) if lost else steps), lost

    def _replay(self, driver: PlainDriver, episodes: OpenEpisodes, stream: int) -> Turn | None:
        """The last turn of a stream's episode played again; None where it ends early."""
        assert self._journal is not None
        actions = episodes.actions_of(stream)
        self._journal.set_actions(stream, actions)
        return driver.replay(stream, self._journal.open_seed(stream), actions)


def _digests(steps: Steps) -> list[int]:
    """A hash of each stream's time step."""
    shown = dict(steps.observation)
    shown |= {f".{name}": getattr(steps, name) for name in ("reward", "discount", "first", "last")}
    return [digest(shown, stream) for stream in range(len(steps.first))]


class AbstractHostTask(abc.ABC):
    """Settings that make environments which run in Python: what a config holds as its task.

    Attributes:
        states_success: whether the environments say if an episode succeeds.
    """

    states_success: bool

    def settled(self) -> "AbstractHostTask":
        """This task with all that has to be found out by play, which a run then keeps."""
        return self

    @property
    @abc.abstractmethod
    def interface(self) -> Interface:
        """What an agent observes and does."""

    @property
    def info(self) -> Mapping[str, np.ndarray]:
        """What time steps keep of the environments' `info`: one stream's, all zero."""
        return {"success": np.zeros((), bool)} if self.states_success else {}

    @property
    def notes(self) -> tuple[str, ...]:
        """What was decided about how observations are read, one line each."""
        return ()

    @abc.abstractmethod
    def make(self, streams: int) -> HostEnvironments:
        """Environments for so many streams."""
