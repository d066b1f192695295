"""RL-MEM: MERLIN's store around an LSTM, shaped by the task's gradient alone."""

from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Key

from engrax.memory.base import AbstractMemory
from engrax.memory.retroactive import ReadHeads, RetroactiveMemory, RetroactiveState, recalled
from engrax.nn.linear import apply, linear
from engrax.nn.recurrent import LSTMState, StackedLSTM
from engrax.types import Recall


class RLMEMState(NamedTuple):
    """The store, the states of the LSTM's layers, and what was read last."""

    store: RetroactiveState
    layers: tuple[LSTMState, ...]
    reads: Float[Array, " m"]


class RLMEM(AbstractMemory[RLMEMState]):
    """An LSTM on [x_t, m_{t-1}] gives h_t; keys from h_t read m_t; w_t = W h_t is written; the output is [h_t, m_t].

    The control for MERLIN: the same store, with nothing to be predicted. Gradients flow into what is written, within
    a segment: nothing else would teach it what to write (choice).

    Source: Wayne et al. 2018, arXiv 1803.10760, methods, "RL-MEM".
    """

    lstm: StackedLSTM
    heads: ReadHeads
    to_store: eqx.nn.Linear
    store: RetroactiveMemory = eqx.field(static=True)
    input_size: int = eqx.field(static=True)
    output_size: int = eqx.field(static=True)

    def __init__(
        self,
        input_size: int,
        *,
        width: int = 64,
        layers: int = 2,
        heads: int = 3,
        store: RetroactiveMemory | None = None,
        key: Key[Array, ""],
    ):
        """Draws the parameters.

        Args:
            input_size: d.
            width: of each LSTM layer.
            layers: of the LSTM.
            heads: keys with which a step reads.
            store: of any width; of 32 rows of twice 32 if not given.
            key: for the parameters.
        """
        self.store = RetroactiveMemory(32, 32) if store is None else store
        reads = heads * self.store.row_width
        lstm_key, heads_key, store_key = jax.random.split(key, 3)
        self.lstm = StackedLSTM(input_size + reads, width, layers, key=lstm_key)
        self.heads = ReadHeads(self.lstm.output_size, heads, self.store.row_width, key=heads_key)
        self.to_store = linear(self.lstm.output_size, self.store.width, key=store_key)
        self.input_size, self.output_size = input_size, self.lstm.output_size + reads

    def init_state(self) -> RLMEMState:
        """An empty store, and zeros."""
        reads = jnp.zeros(self.output_size - self.lstm.output_size)
        return RLMEMState(self.store.init_state(), self.lstm.init_state(), reads)

    def step(
        self, state: RLMEMState, x: Float[Array, " d"], first: Bool[Array, ""]
    ) -> tuple[RLMEMState, Float[Array, " h"]]:
        """Reads, then writes."""
        layers, hidden, store, reads, _ = self._read(state, x, first)
        store = self.store.write(store, apply(self.to_store, hidden))
        return RLMEMState(store, layers, reads), jnp.concatenate([hidden, reads])

    def unroll(
        self, state: RLMEMState | None, xs: Float[Array, "t d"], firsts: Bool[Array, " t"]
    ) -> tuple[RLMEMState, Float[Array, "t h"]]:
        """A scan of `step`."""
        state = self.init_state() if state is None else state
        return jax.lax.scan(lambda state, now: self.step(state, *now), state, (xs, firsts))

    def recall(self, state: RLMEMState, x: Float[Array, " d"], first: Bool[Array, ""]) -> Recall:
        """The rows read, a mean over heads."""
        _, _, store, _, weights = self._read(state, x, first)
        return recalled(store, weights)

    def _read(self, state: RLMEMState, x: Float[Array, " d"], first: Bool[Array, ""]):
        state = self.store.reset_owner(state, self.init_state(), first)
        layers, hidden = self.lstm.step(state.layers, jnp.concatenate([x, state.reads]))
        keys, strengths = self.heads(hidden)
        reads, weights, store = self.store.read(state.store, keys, strengths)
        return layers, hidden, store, reads.ravel(), weights
