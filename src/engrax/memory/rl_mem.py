"""RL-MEM: MERLIN's store around an LSTM, shaped by the task's gradient alone."""

import equinox as eqx
import jax
from jaxtyping import Array, Float, Key

from engrax.memory.controller import AbstractControlledMemory
from engrax.memory.retroactive import ReadHeads, RetroactiveMemory, RetroactiveState, recalled
from engrax.nn.linear import apply, linear
from engrax.nn.recurrent import StackedLSTM
from engrax.types import Recall


class RLMEM(AbstractControlledMemory[RetroactiveState]):
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

    def access(
        self, state: RetroactiveState, hidden: Float[Array, " h"]
    ) -> tuple[RetroactiveState, Float[Array, " m"], Recall]:
        """Reads, then writes."""
        reads, weights, state = self.store.read(state, *self.heads(hidden))
        shown = recalled(state, weights)
        return self.store.write(state, apply(self.to_store, hidden)), reads.ravel(), shown
