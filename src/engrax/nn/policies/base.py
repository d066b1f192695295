"""What distributions over actions have in common."""

import abc
from typing import Any

import equinox as eqx
from jaxtyping import Array, Bool, Float, Key

from engrax.types import Action


class AbstractPolicy(eqx.Module):
    """A distribution over actions of one kind, made of a network's outputs.

    `code` describes an action to a network: `code_size` numbers of order 1.
    """

    @classmethod
    @abc.abstractmethod
    def size(cls, actions: Any) -> int:
        """How many outputs of a network make the distribution."""

    @classmethod
    @abc.abstractmethod
    def of(cls, actions: Any, outputs: Float[Array, "*t o"]) -> "AbstractPolicy":
        """The distribution made of a network's outputs."""

    @classmethod
    @abc.abstractmethod
    def code_size(cls, actions: Any) -> int:
        """The width of an action's code."""

    @classmethod
    @abc.abstractmethod
    def code(cls, actions: Any, action: Action) -> Float[Array, "*t c"]:
        """The code of an action: one-hot where it is discrete, scaled to -1..1 where it is
        continuous.
        """

    @classmethod
    @abc.abstractmethod
    def code_cost(
        cls, actions: Any, predicted: Float[Array, "*t c"], action: Action
    ) -> Float[Array, "*t"]:
        """The cost of predicting an action's code: cross-entropy in nats, or half the squared
        error.
        """

    def masked(self, allowed: Bool[Array, "*t o"]) -> "AbstractPolicy":
        """The distribution over the choices that are allowed; over all of a component where none
        is.

        Raises:
            TypeError: its actions are no choices.
        """
        raise TypeError(f"{type(self).__name__} has no choices that could be masked")

    @abc.abstractmethod
    def sample(self, key: Key[Array, ""]) -> Action:
        """Draws an action."""

    @abc.abstractmethod
    def mode(self) -> Action:
        """The most likely action."""

    @abc.abstractmethod
    def log_probability(self, action: Action) -> Float[Array, "*t"]:
        """The log-probability of an action, or its log-density where actions are continuous."""

    @abc.abstractmethod
    def entropy(self) -> Float[Array, "*t"]:
        """The entropy in nats; of a density, the differential entropy."""

    @abc.abstractmethod
    def features(self) -> Float[Array, "*t f"]:
        """The normalised parameters, `size` of them, as inputs of another network."""
