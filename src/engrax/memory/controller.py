"""An LSTM that reads from and writes to a store: the common part of RL-MEM, NTM and DNC."""

import abc
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Key

from engrax.memory.arguments import check_step, check_unroll
from engrax.memory.base import AbstractMemory, AbstractMemorySizes, MemoryOutput
from engrax.memory.layout import Layout
from engrax.nn.checks import check_at_least
from engrax.nn.linear import apply, linear
from engrax.nn.recurrent import LSTMState, StackedLSTM, bound_gradient
from engrax.types import Recall, tree_where

S = TypeVar("S")


class ControllerState(eqx.Module, Generic[S]):
    """The store, the states of the LSTM's layers, and the last reads."""

    store: S
    layers: tuple[LSTMState, ...]
    reads: Float[Array, " m"]


class AbstractControlledMemory(AbstractMemory[ControllerState[S]]):
    """An LSTM on [x_t, m_{t-1}] gives h_t, which controls a store; the output is [h_t, m_t].

    m_t are the reads of the store.

    Attributes:
        lstm: the controller.
        store: has `init_state` and `reset`; its state is the only one that `access` sees.
    """

    lstm: eqx.AbstractVar[StackedLSTM]
    store: eqx.AbstractVar[Any]
    unit: ClassVar[str | None] = "row"

    @abc.abstractmethod
    def access(self, state: S, hidden: Float[Array, " h"]) -> tuple[S, Float[Array, " m"], Recall]:
        """Reads and writes, controlled by h_t.

        Args:
            state: of the store, already reset where an episode begins.
            hidden: h_t.

        Returns:
            The state after it, the concatenated reads of all heads, and what they attended to.
        """

    def usage(self, state: ControllerState[S]) -> Float[Array, " n"] | None:
        """Of the DNC, which frees rows, and RL-MEM, which sums up read weights."""
        return getattr(state.store, "usage", None)

    @abc.abstractmethod
    def emptied(self, state: S, row: Int[Array, ""]) -> S:
        """The store's state as if a row had never been written; -1 for none."""

    def without(
        self, state: ControllerState[S], unit: Int[Array, ""]
    ) -> tuple["AbstractControlledMemory[S]", ControllerState[S]]:
        """The store as if a row had never been written; what was read before stays."""
        store = self.emptied(state.store, unit)
        return self, ControllerState(store, state.layers, state.reads)

    def init_state(self) -> ControllerState[S]:
        """An empty store, and zeros."""
        reads = jnp.zeros(self.output_size - self.lstm.output_size, jnp.float32)
        return ControllerState(self.store.init_state(), self.lstm.init_state(), reads)

    def step(
        self,
        state: ControllerState[S],
        x: Float[Array, " d"],
        first: Bool[Array, ""],
        *,
        key: Key[Array, ""] | None = None,
    ) -> tuple[ControllerState[S], MemoryOutput]:
        """One step of the LSTM, and one access; the recall has the heads that read."""
        check_step(self, state, x, first)
        known, fed_back = self.lstm.part(self.input_size)
        state, outputs, recall = self._recur(state, apply(known, x), first, fed_back)
        return state, MemoryOutput(jnp.concatenate(outputs), recall)

    def unroll(
        self,
        state: ControllerState[S] | None,
        xs: Float[Array, "t d"],
        firsts: Bool[Array, " t"],
        *,
        keys: Key[Array, " t"] | None = None,
    ) -> tuple[ControllerState[S], MemoryOutput]:
        """A scan of steps; the contribution of the inputs to the gates is one product before it."""
        check_unroll(self, xs, firsts)
        state = self.init_state() if state is None else state
        known, fed_back = self.lstm.part(self.input_size)

        def step(state: ControllerState[S], now: tuple[Array, Array]):
            return self._recur(state, *now, fed_back)[:2]

        state, outputs = jax.lax.scan(step, state, (apply(known, xs), firsts))
        return state, MemoryOutput(jnp.concatenate(outputs, axis=1))

    def _recur(
        self,
        state: ControllerState[S],
        driven: Float[Array, " g"],
        first: Bool[Array, ""],
        fed_back: eqx.nn.Linear,
    ):
        """One step, given the input's contribution to the gates, and the layer for the last reads.

        The backward pass computes the access again: storing its intermediate matrices takes longer.
        """
        state, empty = bound_gradient(state), self.init_state()
        layers, reads = tree_where(first, (empty.layers, empty.reads), (state.layers, state.reads))
        layers, hidden = self.lstm.recur(layers, driven + apply(fed_back, reads))
        access = lambda store, hidden: self.access(self.store.reset(store, first), hidden)  # noqa: E731
        store, reads, recall = jax.checkpoint(access, prevent_cse=False)(state.store, hidden)
        return ControllerState(store, layers, reads), (hidden, reads), recall


class AbstractStore(eqx.Module, Generic[S]):
    """A store without parameters, controlled by one vector; pure functions on one stream."""

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
    def access(
        self, state: S, interface: Float[Array, " i"]
    ) -> tuple[S, Float[Array, " m"], Recall]:
        """Reads and writes: the state after it, the reads, and what they attended to."""

    @abc.abstractmethod
    def without(self, state: S, row: Int[Array, ""]) -> S:
        """The state as if a row had never been written; -1 for none."""


@dataclass(frozen=True, kw_only=True)
class AbstractControllerSizes(AbstractMemorySizes):
    """What every LSTM around rows has."""

    width: int = 64
    """Width of each LSTM layer."""
    layers: int = 1
    """LSTM layers."""
    rows: int = 32
    """Rows of the store."""
    word: int = 32
    """Width of a row."""
    heads: int = 2
    """Heads that read; one writes."""

    def __post_init__(self):
        check_at_least(1, width=self.width, layers=self.layers)
        check_at_least(1, rows=self.rows, word=self.word, heads=self.heads)

    @abc.abstractmethod
    def store(self) -> AbstractStore[Any]:
        """The rows."""

    def build(self, layout: Layout | int, *, key: Key[Array, ""]) -> "ControlledMemory[Any]":
        """Builds the LSTM around its store."""
        return ControlledMemory(layout, self, key=key)

    @classmethod
    def tiny(cls) -> "AbstractControllerSizes":
        """A layer of width 8, and four rows of width 4 with one head."""
        return cls(width=8, rows=4, word=4, heads=1)


class ControlledMemory(AbstractControlledMemory[S]):
    """An LSTM around any store; the interface vector is a linear map of h_t.

    With `NTMSizes` or `DNCSizes` it is the memory of that name. The papers put out the sum of
    linear maps of h_t and of the reads. Here the output is both, and the layer above maps them.
    """

    lstm: StackedLSTM
    interface: eqx.nn.Linear
    store: AbstractStore[S] = eqx.field(static=True)
    input_size: int = eqx.field(static=True)
    output_size: int = eqx.field(static=True)

    def __init__(
        self, layout: Layout | int, sizes: AbstractControllerSizes, *, key: Key[Array, ""]
    ):
        """Args: `layout` of inputs, `sizes` with the kind of store, `key` for the parameters."""
        input_size = Layout.of(layout).size
        lstm_key, interface_key = jax.random.split(key)
        self.store = store = sizes.store()
        input_and_reads = input_size + store.reads_size
        self.lstm = StackedLSTM(input_and_reads, sizes.width, sizes.layers, key=lstm_key)
        self.interface = linear(self.lstm.output_size, store.interface_size, key=interface_key)
        self.input_size, self.output_size = input_size, self.lstm.output_size + store.reads_size

    def emptied(self, state: S, row: Int[Array, ""]) -> S:
        """The store as if a row had never been written."""
        return self.store.without(state, row)

    def access(self, state: S, hidden: Float[Array, " h"]) -> tuple[S, Float[Array, " m"], Recall]:
        """One access of the store."""
        return self.store.access(state, apply(self.interface, hidden))
