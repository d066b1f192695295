"""The agent contract."""

import abc
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Key, PyTree

from engrax.errors import UserError
from engrax.losses.masks import Total
from engrax.nn.policies import AbstractPolicy
from engrax.types import (
    Action,
    AgentInput,
    AgentOutput,
    Interface,
    Observation,
    Policy,
    Reads,
    Recall,
    Segment,
    nothing_recalled,
)

S = TypeVar("S")


def choose(key: Key[Array, ""], policy: Policy, greedy: bool | Bool[Array, ""]) -> Action:
    """An action sampled from the policy, or the most likely one where greedy."""
    if greedy is True:
        return policy.mode()
    return jnp.where(greedy, policy.mode(), policy.sample(key))


def masked(policy: AbstractPolicy, interface: Interface, inps: AgentInput) -> AbstractPolicy:
    """The policy over the actions that are possible, where the interface says which are."""
    if interface.mask is None:
        return policy
    return policy.masked(inps.observation[interface.mask])


def check_input(inp: object) -> None:
    """Raises a TypeError that shows what to pass, for anything but an `AgentInput`."""
    if not isinstance(inp, AgentInput):
        raise TypeError(
            f"an agent's input is a {type(inp).__name__}, expected an AgentInput: pass "
            "AgentInput(observation, previous_action, previous_reward, first), see engrax.types"
        )


def check_interface(agent: "AbstractAgent[Any]", interface: Interface) -> None:
    """Raises a UserError that names the difference, where an agent was made for another interface
    than this.
    """
    if agent.interface is not None and (difference := agent.interface.difference(interface)):
        raise UserError(
            f"this agent cannot play here: {difference}; make the agent from this world's interface"
        )


class AbstractAgent(eqx.Module, Generic[S]):
    """Acts on one stream, and replays its actions so that a learner can train it.

    The laws (`engrax.testing.check_agent` tests them):

    1. `unroll` with the keys and actions of acting gives the acting outputs.
    2. Where `first`, the previous action, the previous reward and the state do not matter.
    3. The state's tree, shapes and dtypes never change; streams are independent under `vmap`.
    4. `pack(unpack(packed))` is `packed`, and `refresh` under unchanged parameters is the identity
       to rounding.
    5. `unroll` of a state of None equals that of `init_state()`.
    6. `greedy` takes the most likely action, and changes nothing else.
    """

    @property
    def interface(self) -> Interface | None:
        """The interface that the agent was made for; None if unknown."""
        return None

    @abc.abstractmethod
    def init_state(self) -> S:
        """The state before the first step."""

    @abc.abstractmethod
    def step(
        self,
        state: S,
        inp: AgentInput,
        *,
        key: Key[Array, ""],
        greedy: bool | Bool[Array, ""] = False,
    ) -> tuple[S, Action, AgentOutput]:
        """Acts: consumes one input, and samples an action, or takes the most likely one where
        greedy.

        Returns the state, the action and the output.
        """

    @abc.abstractmethod
    def unroll(
        self, state: S | None, inps: AgentInput, actions: Action, keys: Key[Array, " t"]
    ) -> tuple[S, AgentOutput]:
        """Replays t inputs under the t actions taken: the state after them, and t outputs.

        The last action changes the state, but no output.
        """

    def pack(self, state: S) -> PyTree:
        """The part of a state from which `unpack` can compute the rest; by default all of it."""
        return state

    def unpack(self, packed: PyTree) -> S:
        """The state with a packed part: the rest is computed with these parameters."""
        return packed

    def refresh(self, state: S) -> S:
        """Computes again what the state holds that depends on the parameters."""
        return self.unpack(self.pack(state))

    def recall(self, state: S, inp: AgentInput, *, key: Key[Array, ""]) -> Recall:
        """What a `step` with these arguments would attend to; empty unless the agent attends to
        items of its past.
        """
        del state, inp, key
        return nothing_recalled()

    @property
    def unit(self) -> str | None:
        """What `without` leaves out: a "chunk", a "row" or a "step"; None if it cannot."""
        return None

    def without(self, state: S, unit: Int[Array, ""]) -> tuple["AbstractAgent[S]", S]:
        """An agent and a state whose next step cannot find one group of items of its recall; see
        `AbstractMemory.without`.
        """
        raise NotImplementedError(f"{type(self).__name__} has no items that could be left out")

    def usage(self, state: S) -> Float[Array, " n"] | None:
        """How much each row is in use; None if the agent keeps no account of it."""
        del state
        return None

    def auxiliary_losses(
        self,
        inps: AgentInput,
        outs: AgentOutput,
        actions: Action,
        returns: Float[Array, " t"],
        effective: Float[Array, " t"],
    ) -> Mapping[str, Float[Array, " t"]]:
        """Named losses per step, already weighted, to be added to the learner's own.

        Args:
            inps: the T inputs of a segment.
            outs: the T outputs of `unroll`.
            actions: the T actions.
            returns: the targets of the values.
            effective: 1 where the learner trains on the action: it had an effect, or the learner
                ignores effects.
        """
        del inps, outs, actions, returns, effective
        return {}

    @property
    def reward_factor(self) -> Float[Array, ""] | None:
        """What the learner multiplies rewards by; None for nothing."""
        return None

    def after(self, segments: Segment[Any], total: Total) -> "AbstractAgent[S]":
        """The agent after an update, with what it keeps of the segments that it has learned from,
        such as statistics.

        Args:
            segments: [streams, ...], those of this device.
            total: sums over the devices that share the update.
        """
        del segments, total
        return self

    def metrics(
        self, inps: AgentInput, outs: AgentOutput, actions: Action
    ) -> Mapping[str, Float[Array, " t"]]:
        """Named values per step for the log; no gradient flows from them."""
        del inps, outs, actions
        return {}

    def features(self, outs: AgentOutput) -> Float[Array, "t d"] | None:
        """The agent's internal features after each of the T steps, for linear probes; None if it
        offers none.
        """
        del outs
        return None

    def recollected(self, outs: AgentOutput) -> Observation | None:
        """What of each of the T observations can be had back from what was stored of it: the parts
        that are reconstructed; None if the agent stores nothing that it can decode.
        """
        del outs
        return None

    def reads(self, outs: AgentOutput) -> Reads | None:
        """How each of the T steps read a store, with which strength; None if the agent has none."""
        del outs
        return None

    def parameter_groups(self) -> PyTree[str]:
        """One label per parameter. Each group has its own optimiser; by default only `agent`."""
        return jax.tree.map(lambda _: "agent", eqx.filter(self, eqx.is_inexact_array))


@dataclass(frozen=True, kw_only=True)
class AbstractAgentSizes(abc.ABC):
    """Settings of an agent, its memory included; the registry `engrax.agents.AGENTS` has one class
    a kind.

    Attributes:
        held: what the agent remembers with, as tables name it, where no setting `memory` says so.
        tile_steps: steps whose gradient a processor computes at once, as measured; None for all.
    """

    held: ClassVar[str] = "none"
    tile_steps: ClassVar[int | None] = None

    @abc.abstractmethod
    def build(self, interface: Interface, *, key: Key[Array, ""]) -> AbstractAgent[Any]:
        """The agent for an interface, with parameters drawn from the key."""

    @abc.abstractmethod
    def tiny(self) -> "AbstractAgentSizes":
        """The same agent with everything small, to try out that it runs."""
