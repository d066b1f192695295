"""The differentiable neural computer's store: rows that are allocated, freed, and linked."""

from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
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

TINY = 1e-30  # inside a logarithm: it changes no usage but 0, and cancels in the gradient


class DNCState(NamedTuple):
    """The state of the store.

    Attributes:
        rows: M.
        usage: u, how far each row is in use.
        precedence: p, how far each row was the last one written.
        link: L; L[i, j] is how far row i was written right after row j.
        write_weights: of the step before.
        read_weights: of the step before.
    """

    rows: Rows
    usage: Float[Array, " n"]
    precedence: Float[Array, " n"]
    link: Float[Array, "n n"]
    write_weights: Float[Array, " n"]
    read_weights: Float[Array, "k n"]


class Interface(NamedTuple):
    """The parts of the interface vector.

    Attributes:
        read_keys: k^r.
        read_strengths: beta^r, at least 1.
        write_key: k^w.
        write_strength: beta^w, at least 1.
        erased: e, between 0 and 1.
        added: v, the write vector.
        free_gates: f, between 0 and 1.
        allocation_gate: g^a, between 0 and 1.
        write_gate: g^w, between 0 and 1.
        modes: pi, shares of moving backward, by content, and forward.
    """

    read_keys: Float[Array, "k w"]
    read_strengths: Float[Array, " k"]
    write_key: Float[Array, "1 w"]
    write_strength: Float[Array, " 1"]
    erased: Float[Array, " w"]
    added: Float[Array, " w"]
    free_gates: Float[Array, " k"]
    allocation_gate: Float[Array, " 1"]
    write_gate: Float[Array, " 1"]
    modes: Float[Array, "3 k"]


class DNC(AbstractRowStore[DNCState]):
    """A matrix written by content or into free rows, read by content or in order of writing.

    A step writes, then reads. All is zero at the start. The links are rows x rows.

    Source: Graves et al. 2016, Nature 538:471, methods.
    """

    @property
    def interface_size(self) -> int:
        """W R + 3 W + 5 R + 3."""
        return sum(self._sizes)

    @property
    def _sizes(self) -> tuple[int, ...]:
        """Of the parts of the interface."""
        words, heads, one = self.width, self.heads, 1
        return (heads * words, heads, words, one, words, words, heads, one, one, 3 * heads)

    def init_state(self) -> DNCState:
        """Zeros: nothing is written, and no row is in use."""
        shapes = {
            "row": self.rows,
            "link": (self.rows, self.rows),
            "reads": (self.heads, self.rows),
        }
        zeros = {name: jnp.zeros(shape, jnp.float32) for name, shape in shapes.items()}
        return DNCState(
            rows=empty_rows(self.rows, self.width),
            usage=zeros["row"],
            precedence=zeros["row"],
            link=zeros["link"],
            write_weights=zeros["row"],
            read_weights=zeros["reads"],
        )

    def without(self, state: DNCState, row: Int[Array, ""]) -> DNCState:
        """Zeros in a row, in its usage and in its links; no head was there."""
        kept = (jnp.arange(self.rows, dtype=jnp.int32) != row).astype(jnp.float32)
        return DNCState(
            rows=without(state.rows, row),
            usage=state.usage * kept,
            precedence=state.precedence * kept,
            link=state.link * kept[:, None] * kept[None, :],
            write_weights=state.write_weights * kept,
            read_weights=state.read_weights * kept[None, :],
        )

    def access(
        self, state: DNCState, interface: Float[Array, " i"]
    ) -> tuple[DNCState, Float[Array, " m"], Recall]:
        """Writes, then reads."""
        parts = self.parse(interface)
        usage = used(state.usage, state.write_weights, state.read_weights, parts.free_gates)
        by_content = look_up(state.rows, parts.write_key, parts.write_strength)[0]
        by_allocation = parts.allocation_gate * allocation(usage)
        mixed = by_allocation + (1.0 - parts.allocation_gate) * by_content
        write_weights = parts.write_gate * mixed
        rows = write(state.rows, write_weights, parts.erased, parts.added)
        link = linked(state.link, state.precedence, write_weights)
        precedence = (1.0 - jnp.sum(write_weights)) * state.precedence + write_weights
        backward, forward = state.read_weights @ link, state.read_weights @ link.T
        by_content = look_up(rows, parts.read_keys, parts.read_strengths)
        modes = parts.modes[:, :, None]
        read_weights = modes[0] * backward + modes[1] * by_content + modes[2] * forward
        state = DNCState(rows, usage, precedence, link, write_weights, read_weights)
        return state, (read_weights @ rows.contents).ravel(), recalled(rows, read_weights)

    def parse(self, interface: Float[Array, " i"]) -> Interface:
        """Splits the vector, and maps its parts into their ranges.

        Strengths are 1 + softplus, gates and the erase vector sigmoid, modes softmax.
        """
        raw = Interface(*jax.lax.split(interface, self._sizes))
        return Interface(
            read_keys=raw.read_keys.reshape(self.heads, self.width),
            read_strengths=1.0 + jax.nn.softplus(raw.read_strengths),
            write_key=raw.write_key[None],
            write_strength=1.0 + jax.nn.softplus(raw.write_strength),
            erased=jax.nn.sigmoid(raw.erased),
            added=raw.added,
            free_gates=jax.nn.sigmoid(raw.free_gates),
            allocation_gate=jax.nn.sigmoid(raw.allocation_gate),
            write_gate=jax.nn.sigmoid(raw.write_gate),
            modes=jax.nn.softmax(raw.modes.reshape(3, self.heads), axis=0),
        )


@dataclass(frozen=True, kw_only=True)
class DNCSizes(AbstractControllerSizes):
    """Differentiable neural computer: an LSTM, and rows that are allocated, freed, and linked."""

    def store(self) -> DNC:
        """The rows."""
        return DNC(self.rows, self.word, self.heads)


def used(
    usage: Float[Array, " n"],
    write_weights: Float[Array, " n"],
    read_weights: Float[Array, "k n"],
    free_gates: Float[Array, " k"],
) -> Float[Array, " n"]:
    """(u + w^w - u w^w) prod_i (1 - f^i w^{r,i}), with the weights of the step before."""
    kept = jnp.prod(1.0 - free_gates[:, None] * read_weights, axis=0)
    return (usage + (1.0 - usage) * write_weights) * kept


def allocation(usage: Float[Array, " n"]) -> Float[Array, " n"]:
    """a(i) = (1 - u(i)) prod_j u(j), over all j of less usage, or of equal usage and before i.

    This is the paper's product over sorted rows, without the sort: each row is compared with each,
    and the product is a sum of logarithms. The order has no gradient. The values have theirs, also
    at ties and at usages of 0.
    """
    first = np.triu(np.ones((usage.size, usage.size), bool), k=1)
    before = (usage[:, None] < usage[None, :]) | ((usage[:, None] == usage[None, :]) & first)
    return (1.0 - usage) * jnp.exp(jnp.log(usage + TINY) @ before.astype(usage.dtype))


def linked(
    link: Float[Array, "n n"], precedence: Float[Array, " n"], write_weights: Float[Array, " n"]
) -> Float[Array, "n n"]:
    """L_t[i, j] = (1 - w(i) - w(j)) L[i, j] + w(i) p(j), with p before the write; 0 where i = j."""
    ours, others = write_weights[:, None], write_weights[None, :]
    apart = 1.0 - jnp.eye(link.shape[0], dtype=link.dtype)
    return ((1.0 - ours - others) * link + ours * precedence[None, :]) * apart
