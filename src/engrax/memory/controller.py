"""An LSTM that reads from and writes to a store beside it: what RL-MEM, the NTM and the DNC have in common."""

import abc
from typing import Any, Generic, TypeVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Key

from engrax.memory.base import AbstractMemory
from engrax.nn.linear import apply, linear
from engrax.nn.recurrent import LSTMState, StackedLSTM
from engrax.types import Recall, tree_where

S = TypeVar("S")


class ControllerState(eqx.Module, Generic[S]):
    """The store, the states of the LSTM's layers, and what was read last."""

    store: S
    layers: tuple[LSTMState, ...]
    reads: Float[Array, " m"]


class AbstractControlledMemory(AbstractMemory[ControllerState[S]]):
    """An LSTM on [x_t, m_{t-1}] gives h_t; a store is accessed as h_t says and gives m_t; the output is [h_t, m_t].

    Attributes:
        lstm: the controller.
        store: what it controls, with `init_state` and `reset`; its state is the only one that `access` sees.
    """

    lstm: eqx.AbstractVar[StackedLSTM]
    store: eqx.AbstractVar[Any]

    @abc.abstractmethod
    def access(self, state: S, hidden: Float[Array, " h"]) -> tuple[S, Float[Array, " m"], Recall]:
        """Reads and writes as h_t says.

        Args:
            state: of the store, already reset where an episode begins.
            hidden: h_t.

        Returns:
            The store after it, the reads of all heads one after another, and what they looked at.
        """

    def init_state(self) -> ControllerState[S]:
        """An empty store, and zeros."""
        reads = jnp.zeros(self.output_size - self.lstm.output_size)
        return ControllerState(self.store.init_state(), self.lstm.init_state(), reads)

    def step(
        self, state: ControllerState[S], x: Float[Array, " d"], first: Bool[Array, ""]
    ) -> tuple[ControllerState[S], Float[Array, " h"]]:
        """One step of the LSTM, and one access."""
        state, outputs, _ = self._step(state, x, first)
        return state, jnp.concatenate(outputs)

    def unroll(
        self, state: ControllerState[S] | None, xs: Float[Array, "t d"], firsts: Bool[Array, " t"]
    ) -> tuple[ControllerState[S], Float[Array, "t h"]]:
        """A scan of the same; the part of the gates that comes from the inputs is one product before it."""
        state = self.init_state() if state is None else state
        known, fed_back = self.lstm.part(self.input_size)

        def step(state: ControllerState[S], now: tuple[Array, Array]):
            return self._recur(state, *now, fed_back)[:2]

        state, outputs = jax.lax.scan(step, state, (apply(known, xs), firsts))
        return state, jnp.concatenate(outputs, axis=1)

    def recall(self, state: ControllerState[S], x: Float[Array, " d"], first: Bool[Array, ""]) -> Recall:
        """The rows read, a mean over heads."""
        return self._step(state, x, first)[2]

    def _step(self, state: ControllerState[S], x: Float[Array, " d"], first: Bool[Array, ""]):
        known, fed_back = self.lstm.part(self.input_size)
        return self._recur(state, apply(known, x), first, fed_back)

    def _recur(
        self, state: ControllerState[S], driven: Float[Array, " g"], first: Bool[Array, ""], fed_back: eqx.nn.Linear
    ):
        """One step, given the input's part of the gates and how the reads of the step before come in.

        Access is done again in the pass backward: to write down all that comes up in it, matrices too, takes longer.
        """
        empty = self.init_state()
        layers, reads = tree_where(first, (empty.layers, empty.reads), (state.layers, state.reads))
        layers, hidden = self.lstm.recur(layers, driven + apply(fed_back, reads))
        access = lambda store, hidden: self.access(self.store.reset(store, first), hidden)  # noqa: E731
        store, reads, recall = jax.checkpoint(access, prevent_cse=False)(state.store, hidden)
        return ControllerState(store, layers, reads), (hidden, reads), recall


class AbstractStore(eqx.Module, Generic[S]):
    """A store without parameters, told by one vector how to read and write; pure functions on one stream."""

    @property
    @abc.abstractmethod
    def interface_size(self) -> int:
        """The width of that vector."""

    @property
    @abc.abstractmethod
    def reads_size(self) -> int:
        """The width of the reads of all heads together."""

    @abc.abstractmethod
    def init_state(self) -> S:
        """An empty store."""

    def reset(self, state: S, first: Bool[Array, ""]) -> S:
        """An empty store where `first`."""
        return tree_where(first, self.init_state(), state)

    @abc.abstractmethod
    def access(self, state: S, interface: Float[Array, " i"]) -> tuple[S, Float[Array, " m"], Recall]:
        """Reads and writes as the interface says: the store after it, the reads, and what they looked at."""


class ControlledMemory(AbstractControlledMemory[S]):
    """An LSTM around any store; the interface is a linear map of h_t.

    With `NTM` or `DNC` as the store it is the memory of that name. Where the papers add a linear map of the reads to
    one of h_t, the output here is both, and what is built on it maps them.
    """

    lstm: StackedLSTM
    interface: eqx.nn.Linear
    store: AbstractStore[S] = eqx.field(static=True)
    input_size: int = eqx.field(static=True)
    output_size: int = eqx.field(static=True)

    def __init__(
        self, input_size: int, store: AbstractStore[S], *, width: int = 64, layers: int = 1, key: Key[Array, ""]
    ):
        """Args: `input_size`; the store; `width` of each LSTM layer; `layers` of the LSTM; `key` for the parameters."""
        lstm_key, interface_key = jax.random.split(key)
        self.store = store
        self.lstm = StackedLSTM(input_size + store.reads_size, width, layers, key=lstm_key)
        self.interface = linear(self.lstm.output_size, store.interface_size, key=interface_key)
        self.input_size, self.output_size = input_size, self.lstm.output_size + store.reads_size

    def access(self, state: S, hidden: Float[Array, " h"]) -> tuple[S, Float[Array, " m"], Recall]:
        """One access of the store."""
        return self.store.access(state, apply(self.interface, hidden))
