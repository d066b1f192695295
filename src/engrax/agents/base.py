"""The agent contract."""

import abc
from collections.abc import Mapping
from typing import Generic, TypeVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Key, PyTree

from engrax.types import AgentInput, AgentOutput, Recall, nothing_recalled

S = TypeVar("S")


def choose(key: Key[Array, ""], logits: Float[Array, " a"], greedy: bool | Bool[Array, ""]) -> Int[Array, ""]:
    """An action sampled from softmax(logits), or the likeliest where greedy."""
    sampled = jax.random.categorical(key, logits)
    return jnp.where(greedy, jnp.argmax(logits).astype(sampled.dtype), sampled)


class AbstractAgent(eqx.Module, Generic[S]):
    """Acts on one stream, and replays what it did so that it can be learned from.

    The laws (`engrax.testing.check_agent` tests them):

    1. `unroll` with the keys and actions of acting gives the acting outputs.
    2. Where `first`, the previous action, the previous reward and the state do not matter.
    3. The state's tree, shapes and dtypes never change; streams do not touch one another under `vmap`.
    4. `refresh` under unchanged parameters is the identity to rounding.
    5. `unroll` of a state of None equals that of `init_state()`.
    6. `greedy` takes the likeliest action, and changes nothing else.
    """

    @abc.abstractmethod
    def init_state(self) -> S:
        """The state before the first step of a life."""

    @abc.abstractmethod
    def step(
        self, state: S, inp: AgentInput, *, key: Key[Array, ""], greedy: bool | Bool[Array, ""] = False
    ) -> tuple[S, Int[Array, ""], AgentOutput]:
        """Acts: consumes one input, and samples an action, or takes the likeliest where greedy.

        Returns the state, the action and the output.
        """

    @abc.abstractmethod
    def unroll(
        self, state: S | None, inps: AgentInput, actions: Int[Array, " t"], keys: Key[Array, " t+1"]
    ) -> tuple[S, AgentOutput]:
        """Replays T+1 inputs under the T actions that were taken: T+1 outputs, and the state after T inputs."""

    def refresh(self, state: S) -> S:
        """Recomputes what the state holds that was derived from the parameters."""
        return state

    def recall(self, state: S, inp: AgentInput, *, key: Key[Array, ""]) -> Recall:
        """What a `step` with these arguments would attend to; empty unless the agent attends to items of its past."""
        del state, inp, key
        return nothing_recalled()

    def auxiliary_losses(
        self,
        inps: AgentInput,
        outs: AgentOutput,
        actions: Int[Array, " t"],
        returns: Float[Array, " t"],
        acted: Float[Array, " t"],
    ) -> Mapping[str, Float[Array, " t"]]:
        """Named losses per step, already weighted, to be added to the learner's own.

        Args:
            inps: the T+1 inputs of a segment.
            outs: what `unroll` made of them.
            actions: the T actions.
            returns: what values are to become.
            acted: 1 where the action had an effect, by the task's word where the learner asks for it.
        """
        del inps, outs, actions, returns, acted
        return {}

    def metrics(
        self, inps: AgentInput, outs: AgentOutput, actions: Int[Array, " t"]
    ) -> Mapping[str, Float[Array, " t"]]:
        """Named numbers per step to be logged, in which nothing is learnt."""
        del inps, outs, actions
        return {}

    def features(self, outs: AgentOutput) -> Float[Array, "t d"] | None:
        """What the agent had in mind after each of the T steps it acted on, for read-outs; None if it does not say."""
        del outs
        return None

    def parameter_groups(self) -> PyTree[str]:
        """A label a parameter: each group has an optimiser of its own; by default there is one, `agent`."""
        return jax.tree.map(lambda _: "agent", eqx.filter(self, eqx.is_inexact_array))
