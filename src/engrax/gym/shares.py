"""The streams of one driver: episodes that follow on one another, and what brings them back."""

from collections.abc import Mapping

import numpy as np

from engrax.errors import ConfigError
from engrax.gym.drivers import AbstractDriver, AbstractSeededDriver, Moves
from engrax.gym.episodes import Journal, OpenEpisodes
from engrax.gym.steps import Steps, chosen, digests
from engrax.types.actions import Actions


class Share:
    """A driver's streams as time steps.

    An episode that is lost with its worker is cut off: its last step shows the observation before
    once more, with reward 0, and it is bootstrapped from as any other that is truncated.

    Attributes:
        driver: steps the environments.
    """

    def __init__(self, driver: AbstractDriver):
        self.driver = driver
        self._journal: Journal | None = None
        self._steps: Steps | None = None
        self._sent: tuple[np.ndarray, Mapping[int, int]] | None = None

    def reset(self, seeds: np.ndarray) -> Steps:
        """Opens the first episode of every stream, each by its seed, uint32 `[n]`."""
        journal = self._journal = Journal(seeds)
        opening = [journal.open_seed(stream) for stream in range(self.driver.num_streams)]
        return self._shown(self.driver.open(opening), np.ones(len(opening), bool))

    def send(self, actions: np.ndarray) -> None:
        """Gives every stream its action `[n, *shape]`; `receive` tells what came of it."""
        journal, before = self._under_way()
        seeds = {int(i): journal.next_episode(int(i)) for i in np.flatnonzero(before.last)}
        self.driver.send(actions, seeds)
        self._sent = actions, seeds

    def receive(self) -> Steps:
        """The steps after the actions that were sent."""
        journal, before = self._under_way()
        if self._sent is None:
            raise ConfigError("no action is under way: call send(actions) first")
        moves = self.driver.receive()
        journal.take(*self._sent)
        self._sent = None
        return self._shown(moves, before.last)

    def episodes(self, actions: Actions) -> OpenEpisodes:
        """The episodes under way, for `restore`."""
        journal, steps = self._under_way()
        return journal.entries(np.zeros((0, *actions.shape), actions.dtype), digests(steps))

    def restore(self, episodes: OpenEpisodes) -> tuple[Steps, np.ndarray]:
        """Takes up episodes where they were, by their seeds and actions.

        Returns:
            The steps that the streams show, and which did not come back to what they had shown
            before, `[n]`. Those have opened their next episode.
        """
        journal = self._journal = Journal(episodes.seed)
        journal.number[:] = episodes.number
        streams = range(self.driver.num_streams)
        if not isinstance(self.driver, AbstractSeededDriver):
            moves = self.driver.open([journal.next_episode(stream) for stream in streams])
            everywhere = np.ones(len(streams), bool)
            return self._shown(moves, everywhere), everywhere
        return self._replayed(self.driver, journal, episodes)

    def _replayed(
        self, driver: AbstractSeededDriver, journal: Journal, episodes: OpenEpisodes
    ) -> tuple[Steps, np.ndarray]:
        streams = range(driver.num_streams)
        taken = [episodes.actions_of(stream) for stream in streams]
        for stream, actions in enumerate(taken):
            journal.set_actions(stream, actions)
        first = np.asarray(episodes.length) == 0
        moves = driver.replay([journal.open_seed(stream) for stream in streams], taken)
        steps = self._shown(moves._replace(lost=frozenset()), first)
        lost = np.array(digests(steps), np.uint32) != episodes.digest
        lost[list(moves.lost)] = True
        if lost.any():
            seeds = {int(i): journal.next_episode(int(i)) for i in np.flatnonzero(lost)}
            steps = self._shown(driver.reopen(seeds), first | lost)
        return steps, lost

    def _under_way(self) -> tuple[Journal, Steps]:
        if self._journal is None or self._steps is None:
            raise ConfigError("no episode is under way: call reset(seeds) first")
        return self._journal, self._steps

    def _shown(self, moves: Moves, first: np.ndarray) -> Steps:
        """Moves as a time step; a `first` has nothing of the episode before."""
        if moves.lost:
            moves = self._cut_off(moves)
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

    def _cut_off(self, moves: Moves) -> Moves:
        """Moves in which the lost streams show their last observation again, and are truncated."""
        _, before = self._under_way()
        lost = np.isin(np.arange(len(moves.reward)), list(moves.lost))
        return moves._replace(
            observation=chosen(lost, before.observation, moves.observation),
            reward=np.where(lost, np.float32(0), moves.reward),
            terminated=moves.terminated & ~lost,
            truncated=moves.truncated | lost,
            info=chosen(lost, before.info, moves.info) | {"success": moves.info["success"] & ~lost},
        )
