"""The environment contract: pure functions on one stream that restart automatically."""

import abc
from typing import Generic, TypeVar

import equinox as eqx
from jaxtyping import Array, Bool, Int, Key, UInt8

from engrax.types import Action, Interface, Observation, TimeStep, tree_where

S = TypeVar("S")


class AbstractEnvironment(eqx.Module, Generic[S]):
    """A partially observable task, pure and unbatched.

    An environment states how an episode is drawn, how an action advances it, and what is seen of
    it. `reset` and `step` follow from these: a step after `last` ignores its action and opens the
    next episode, as dm_env and Gymnasium's NEXT_STEP mode have it. The choice between going on and
    restarting is made on the state, which should therefore be small. The observation is computed
    once, from the chosen state.

    Rewards and discounts are float32; no step is both `first` and `last`.
    """

    @property
    @abc.abstractmethod
    def interface(self) -> Interface:
        """The interface: observations, actions, and facts about the task."""

    def picture(self, observation: Observation) -> UInt8[Array, "h w 3"] | None:
        """An image of an observation for display; None where its parts can be drawn directly."""
        del observation
        return None

    @abc.abstractmethod
    def draw(self, key: Key[Array, ""]) -> S:
        """The state at the start of a fresh episode."""

    @abc.abstractmethod
    def advance(self, state: S, action: Action, key: Key[Array, ""]) -> S:
        """The state after an action, inside an episode."""

    @abc.abstractmethod
    def is_last(self, state: S) -> Bool[Array, ""]:
        """Whether the episode has ended in this state."""

    @abc.abstractmethod
    def observe(self, state: S) -> TimeStep:
        """The time step of this state; `info` always has the same entries."""

    @property
    def events(self) -> tuple[str, ...]:
        """What steps may show, for analysis; see `event`."""
        return ()

    def event(self, state: S) -> Int[Array, ""]:
        """Which of `events` the step of this state shows; no agent sees it."""
        raise NotImplementedError(f"{type(self).__name__} names no events")

    def restart(self, state: S, key: Key[Array, ""]) -> S:
        """The first state of the episode after one that ended in `state`."""
        del state
        return self.draw(key)

    def reset(self, key: Key[Array, ""]) -> tuple[S, TimeStep]:
        """Opens an episode: its state and its `first` step."""
        state = self.draw(key)
        return state, self.observe(state)

    def step(self, state: S, action: Action, key: Key[Array, ""]) -> tuple[S, TimeStep]:
        """Advances one step, or opens the next episode if the last step was `last`."""
        advanced = self.advance(state, action, key)
        state = tree_where(self.is_last(state), self.restart(state, key), advanced)
        return state, self.observe(state)
