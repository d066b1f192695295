"""The environment contract: pure functions on one stream, restarting by themselves."""

import abc
from collections.abc import Mapping, Sequence
from typing import Generic, NamedTuple, TypeVar

import equinox as eqx
from jaxtyping import Array, Bool, Int, Key, UInt8

from engrax.types import Observation, Spec, TimeStep, tree_where

S = TypeVar("S")


class Question(NamedTuple):
    """What a read-out of an agent's memory may be asked about the hidden state.

    Attributes:
        labels: the entry of `info` that holds the answers, integers [q] from `lowest` on.
        known: the entry that says which of them have been shown so far in the episode, [q].
        classes: how many answers there are to each.
        lowest: the least of them.
    """

    labels: str
    known: str
    classes: int
    lowest: int = 0


class AbstractEnvironment(eqx.Module, Generic[S]):
    """A partially observable task, pure and unbatched.

    An environment states how an episode is drawn, how an action advances it, and what is seen of it. `reset` and
    `step` follow from these: a step after `last` ignores its action and opens the next episode, as dm_env and
    Gymnasium's NEXT_STEP mode have it. The choice between going on and restarting is made on the state, which should
    therefore be small; observations are made once, from the chosen state.

    Rewards and discounts are float32; no step is both `first` and `last`.
    """

    @property
    @abc.abstractmethod
    def observation_spec(self) -> Mapping[str, Spec]:
        """One spec a modality: `image`, `symbols`, `text`, `vector`."""

    @property
    @abc.abstractmethod
    def num_actions(self) -> int:
        """Actions are integers 0..num_actions-1."""

    @property
    def chance(self) -> float | None:
        """The mean return of a player without memory, where the task states one."""
        return None

    @property
    def question(self) -> Question | None:
        """What `engrax probe` asks of agents that play this; None where there is nothing to ask."""
        return None

    @property
    def action_names(self) -> Sequence[str]:
        """What to call each action where people look on."""
        return tuple(map(str, range(self.num_actions)))

    def picture(self, observation: Observation) -> UInt8[Array, "h w 3"] | None:
        """An observation as people would see it; None where its parts, drawn as they are, will do."""
        del observation
        return None

    @abc.abstractmethod
    def draw(self, key: Key[Array, ""]) -> S:
        """The state at the start of a fresh episode."""

    @abc.abstractmethod
    def advance(self, state: S, action: Int[Array, ""], key: Key[Array, ""]) -> S:
        """The state after an action, inside an episode."""

    @abc.abstractmethod
    def is_last(self, state: S) -> Bool[Array, ""]:
        """Whether the episode has ended in this state."""

    @abc.abstractmethod
    def observe(self, state: S) -> TimeStep:
        """The time step that this state shows; `info` always has the same entries."""

    def restart(self, state: S, key: Key[Array, ""]) -> S:
        """The state at the start of the episode that follows on one that ended in `state`."""
        del state
        return self.draw(key)

    def reset(self, key: Key[Array, ""]) -> tuple[S, TimeStep]:
        """Opens an episode: its state and its `first` step."""
        state = self.draw(key)
        return state, self.observe(state)

    def step(self, state: S, action: Int[Array, ""], key: Key[Array, ""]) -> tuple[S, TimeStep]:
        """Advances one step, or opens the next episode if the last step was `last`."""
        advanced = self.advance(state, action, key)
        state = tree_where(self.is_last(state), self.restart(state, key), advanced)
        return state, self.observe(state)
