"""Gymnasium environments as streams: one protocol, whatever kind of environment is given."""

import abc
import weakref
from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np

from engrax.errors import ConfigError
from engrax.gym.choosing import IN_THIS_PROCESS, Workers
from engrax.gym.drivers import AbstractDriver
from engrax.gym.episodes import OpenEpisodes
from engrax.gym.infos import blank
from engrax.gym.shares import Share
from engrax.gym.spaces import Translator
from engrax.gym.steps import Steps, side_by_side
from engrax.types import Interface


class HostEnvironments:
    """Environments side by side, each a stream of episodes that follow on one another.

    A step after `last` ignores the stream's action and shows the next episode's `first`.
    Termination and truncation are kept apart. Every episode is opened by a seed that follows from
    the run's seed, the stream and the episode's number. The exception is a given vector environment
    of mode NEXT_STEP, which takes a seed for the first episode only.

    Streams may be in several groups: one of them can be stepped (`send`, `receive`) while an agent
    acts in another.

    Attributes:
        interface: what agents see and do.
        num_streams: how many streams there are.
        groups: the streams of each group.
        translator: between their spaces and the interface.
        notes: what was decided about their spaces and processes, one line each.
        answers: what time steps keep of `info` for the interface's question: one stream's, all
            zero; empty where there is none.
    """

    interface: Interface
    num_streams: int

    def __init__(
        self,
        groups: Sequence[Sequence[AbstractDriver]],
        translator: Translator,
        notes: Sequence[str] = (),
    ):
        """Takes over drivers; `engrax.gym.host_environments` makes one.

        Args:
            groups: what steps the environments: the drivers of each group, in the streams' order.
            translator: of their spaces.
            notes: what was decided beside the spaces.
        """
        drivers = [driver for group in groups for driver in group]
        self._closing = weakref.finalize(self, _close, drivers)
        self._closing.atexit = False
        self._shares = [[Share(driver) for driver in group] for group in groups]
        sizes = [sum(driver.num_streams for driver in group) for group in groups]
        ends = np.cumsum([0, *sizes]).tolist()
        self.groups = [slice(*pair) for pair in pairwise(ends)]
        self.num_streams = ends[-1]
        self.translator, self.interface = translator, translator.interface
        self.notes = (*translator.notes, *notes)
        self.answers = blank(translator.answers)

    @property
    def restarts(self) -> int:
        """How often a worker process was started again."""
        return sum(share.driver.restarts for share in self._all)

    @property
    def cpu_seconds(self) -> float:
        """CPU time of all worker processes."""
        return sum(share.driver.cpu_seconds for share in self._all)

    @property
    def in_processes(self) -> bool:
        """Whether worker processes step the environments."""
        return any(share.driver.in_process for share in self._all)

    def reset(self, seeds: np.ndarray) -> Steps:
        """Opens the first episode of every stream.

        Args:
            seeds: one a stream, uint32 `[n]`; all episodes of a stream follow from its seed alone.
        """
        parts = _cut(self._all, seeds)
        return side_by_side([share.reset(part) for share, part in parts])

    def step(self, actions: np.ndarray) -> Steps:
        """Gives every stream its action.

        Args:
            actions: `[n, *shape]`, as `interface.actions` has them.

        Raises:
            ConfigError: before `reset`, or for actions of another shape.
        """
        self._check(actions, self.num_streams)
        for index, streams in enumerate(self.groups):
            self.send(actions[streams], index)
        return side_by_side([self.receive(index) for index in range(len(self.groups))])

    def send(self, actions: np.ndarray, group: int = 0) -> None:
        """Gives every stream of a group its action; `receive` tells what comes of it."""
        self._check(actions, sum(share.driver.num_streams for share in self._shares[group]))
        given = np.array(actions, self.interface.actions.dtype)
        for share, part in _cut(self._shares[group], given):
            share.send(part)

    def receive(self, group: int = 0) -> Steps:
        """The steps of a group's streams after the actions that were sent."""
        return side_by_side([share.receive() for share in self._shares[group]])

    def episodes(self) -> OpenEpisodes:
        """The episodes under way, for `restore`."""
        parts = [share.episodes(self.interface.actions) for share in self._all]
        return OpenEpisodes(*(np.concatenate(leaves) for leaves in zip(*parts, strict=True)))

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
        whole = np.arange(self.num_streams)
        parts = [
            share.restore(episodes.of(slice(int(streams[0]), int(streams[-1]) + 1)))
            for share, streams in _cut(self._all, whole)
        ]
        lost = np.concatenate([lost for _, lost in parts])
        return side_by_side([steps for steps, _ in parts]), np.flatnonzero(lost).tolist()

    def close(self) -> None:
        """Closes the environments; done by itself once nothing refers to them."""
        self._closing()

    def _check(self, actions: np.ndarray, streams: int) -> None:
        shape = (streams, *self.interface.actions.shape)
        if np.shape(actions) != shape:
            raise ConfigError(
                f"actions have shape {np.shape(actions)}, expected {shape}: one for each stream"
            )

    @property
    def _all(self) -> list[Share]:
        return [share for group in self._shares for share in group]


def _close(drivers: Sequence[AbstractDriver]) -> None:
    for driver in drivers:
        driver.close()


def _cut(shares: Sequence[Share], values: np.ndarray) -> list[tuple[Share, np.ndarray]]:
    """Each share with its part of what is given a stream."""
    ends = np.cumsum([share.driver.num_streams for share in shares])
    return list(zip(shares, np.split(values, ends[:-1]), strict=True))


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

    def workers(self, streams: int) -> int:
        """How many worker processes would step so many streams, by timing; 0: this one."""
        return 0

    @abc.abstractmethod
    def make(self, streams: int, workers: Workers = IN_THIS_PROCESS) -> HostEnvironments:
        """Environments for so many streams, stepped by processes as the settings say."""
