"""The neural Turing machine's store: heads that move by content, and by steps along the rows."""

from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from engrax.memory.addressing import (
    AbstractRowStore,
    Rows,
    empty_rows,
    look_up,
    recalled,
    without,
    write,
)
from engrax.memory.controller import AbstractControllerSizes
from engrax.types import Recall

EPSILON = 1e-6  # inside the logarithm of a weight: the gradient at a weight of 0 is finite


class NTMState(NamedTuple):
    """The rows, and the position of each head: its weights over them."""

    rows: Rows
    write_weights: Float[Array, "1 n"]
    read_weights: Float[Array, "k n"]


class Heads(NamedTuple):
    """The movement of heads.

    Attributes:
        keys: k.
        strengths: beta, at least 0.
        gates: g, between 0 (from the position before) and 1 (by content).
        shifts: s, shares of the shifts -1, 0, 1.
        powers: gamma, at least 1.
    """

    keys: Float[Array, "k w"]
    strengths: Float[Array, " k"]
    gates: Float[Array, " k"]
    shifts: Float[Array, "k 3"]
    powers: Float[Array, " k"]


class NTM(AbstractRowStore[NTMState]):
    """A matrix with one write head and several read heads, moved by content or by -1, 0, 1 rows.

    A step writes to M_{t-1} and reads from M_t, as the paper's equations are indexed:

        M_t(i) = M_{t-1}(i) * (1 - w(i) e) + w(i) a,  r = sum_i w(i) M_t(i)

    Source: Graves et al. 2014, arXiv 1410.5401, section 3. The paper does not give the initial
    state. Here M is zero, and all heads are on the first row (choice: with equal weights on all
    rows, the rows would always stay equal).
    """

    @property
    def interface_size(self) -> int:
        """A key and six numbers for each head; an erase and an add vector for the write head."""
        return (self.heads + 1) * (self.width + 6) + 2 * self.width

    def init_state(self) -> NTMState:
        """Rows of zeros, and all heads on the first row."""
        start = jnp.eye(1, self.rows, dtype=jnp.float32)
        return NTMState(empty_rows(self.rows, self.width), start, jnp.tile(start, (self.heads, 1)))

    def without(self, state: NTMState, row: Int[Array, ""]) -> NTMState:
        """Zeros in a row; heads stay where they are."""
        return state._replace(rows=without(state.rows, row))

    def access(
        self, state: NTMState, interface: Float[Array, " i"]
    ) -> tuple[NTMState, Float[Array, " m"], Recall]:
        """Writes, then reads."""
        head = self.width + 6
        parts = jax.lax.split(interface, (self.width, self.width, head, self.heads * head))
        erased, added, of_writer, of_readers = parts
        write_weights = address(state.rows, state.write_weights, parse(of_writer[None]))
        rows = write(state.rows, write_weights[0], jax.nn.sigmoid(erased), added)
        read_weights = address(
            rows, state.read_weights, parse(of_readers.reshape(self.heads, head))
        )
        reads = (read_weights @ rows.contents).ravel()
        return NTMState(rows, write_weights, read_weights), reads, recalled(rows, read_weights)


@dataclass(frozen=True, kw_only=True)
class NTMSizes(AbstractControllerSizes):
    """Neural Turing machine: an LSTM, and rows that heads move along."""

    def store(self) -> NTM:
        """The rows."""
        return NTM(self.rows, self.word, self.heads)


def parse(moves: Float[Array, "k i"]) -> Heads:
    """Splits the vectors of heads, and maps their parts into their ranges.

    Strengths are softplus, gates sigmoid, shifts softmax, powers 1 + softplus.
    """
    sizes = (moves.shape[1] - 6, 1, 1, 3, 1)
    keys, strengths, gates, shifts, powers = jax.lax.split(moves, sizes, axis=1)
    return Heads(
        keys=keys,
        strengths=jax.nn.softplus(strengths[:, 0]),
        gates=jax.nn.sigmoid(gates[:, 0]),
        shifts=jax.nn.softmax(shifts, axis=1),
        powers=1.0 + jax.nn.softplus(powers[:, 0]),
    )


def address(rows: Rows, before: Float[Array, "k n"], heads: Heads) -> Float[Array, "k n"]:
    """Weights of heads from those before: by content, interpolated, shifted, sharpened (3.3)."""
    gates = heads.gates[:, None]
    gated = gates * look_up(rows, heads.keys, heads.strengths) + (1.0 - gates) * before
    return sharpen(shift(gated, heads.shifts), heads.powers)


def shift(weights: Float[Array, "k n"], shifts: Float[Array, "k 3"]) -> Float[Array, "k n"]:
    """The circular convolution w(i) = sum_j w(j) s(i - j) (equation 8)."""
    back, still, on = (shifts[:, n : n + 1] for n in range(3))
    return (
        back * jnp.roll(weights, -1, axis=1) + still * weights + on * jnp.roll(weights, 1, axis=1)
    )


def sharpen(weights: Float[Array, "k n"], powers: Float[Array, " k"]) -> Float[Array, "k n"]:
    """w(i)^gamma / sum_j w(j)^gamma, in log space, with epsilon added to w (equation 9)."""
    return jax.nn.softmax(powers[:, None] * jnp.log(weights + EPSILON), axis=1)
