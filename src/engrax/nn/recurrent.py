"""Recurrent cells, and what keeps gradients through them from overflowing."""

from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Key, PyTree

from engrax.nn.linear import apply, linear


class LSTMState(NamedTuple):
    """The output h and the cell c."""

    hidden: Float[Array, " h"]
    cell: Float[Array, " h"]


class LSTMCell(eqx.Module):
    """c' = s(f + 1) c + s(i) tanh(g) and h' = s(o) tanh(c'), with i, f, g, o = W [x, h] + b.

    s is the sigmoid.

    Source: Hochreiter and Schmidhuber 1997, with forget gates (Gers et al. 2000), whose bias starts
    at 1. The part that depends on the input is separate, so that it is one product for a whole
    sequence.
    """

    from_input: eqx.nn.Linear
    from_hidden: eqx.nn.Linear

    def __init__(self, input_size: int, size: int, *, key: Key[Array, ""]):
        """Args: widths of the input and of the state, `key` for the parameters."""
        input_key, hidden_key = jax.random.split(key)
        self.from_input = linear(input_size, 4 * size, key=input_key)
        self.from_hidden = linear(size, 4 * size, key=hidden_key, bias=False)

    @property
    def size(self) -> int:
        """The width of the state."""
        return self.from_hidden.weight.shape[1]

    def init_state(self) -> LSTMState:
        """Zeros."""
        zeros = jnp.zeros(self.size, jnp.float32)
        return LSTMState(zeros, zeros)

    def drive(self, xs: Float[Array, "*t d"]) -> Float[Array, "*t g"]:
        """The input's part of the gates, over any leading axes."""
        return apply(self.from_input, xs)

    def recur(self, state: LSTMState, driven: Float[Array, " g"]) -> LSTMState:
        """One step, given the input's part of the gates."""
        i, f, g, o = jnp.split(driven + apply(self.from_hidden, state.hidden), 4)
        cell = jax.nn.sigmoid(f + 1.0) * state.cell + jax.nn.sigmoid(i) * jnp.tanh(g)
        return LSTMState(jax.nn.sigmoid(o) * jnp.tanh(cell), cell)


class StackedLSTM(eqx.Module):
    """LSTM layers, each on the output of the one below; the outputs of all are concatenated."""

    cells: tuple[LSTMCell, ...]

    def __init__(self, input_size: int, size: int, layers: int, *, key: Key[Array, ""]):
        """Args: width of the input, width of each layer, number of layers, key."""
        sizes = (input_size, *(size for _ in range(layers - 1)))
        keys = jax.random.split(key, layers)
        self.cells = tuple(
            LSTMCell(below, size, key=k) for below, k in zip(sizes, keys, strict=True)
        )

    @property
    def output_size(self) -> int:
        """The width of all outputs together."""
        return sum(cell.size for cell in self.cells)

    def init_state(self) -> tuple[LSTMState, ...]:
        """Zeros."""
        return tuple(cell.init_state() for cell in self.cells)

    def part(self, size: int) -> tuple[eqx.nn.Linear, eqx.nn.Linear]:
        """The first layer's gates as a sum: from the first `size` inputs and the bias, and the
        rest.

        Inputs that are known for all steps are multiplied in one product; what is fed back, in each
        step.
        """
        layer = self.cells[0].from_input
        known = eqx.tree_at(lambda where: where.weight, layer, layer.weight[:, :size])
        rest = eqx.tree_at(
            lambda where: (where.weight, where.bias), layer, (layer.weight[:, size:], None)
        )
        return known, rest

    def step(
        self, states: tuple[LSTMState, ...], x: Float[Array, " d"]
    ) -> tuple[tuple[LSTMState, ...], Float[Array, " h"]]:
        """One step of every layer: the states after it, and all outputs."""
        return self.recur(states, self.drive(x))

    def drive(self, xs: Float[Array, "*t d"]) -> Float[Array, "*t g"]:
        """The input's part of the first layer's gates, over any leading axes."""
        return self.cells[0].drive(xs)

    def recur(
        self, states: tuple[LSTMState, ...], driven: Float[Array, " g"]
    ) -> tuple[tuple[LSTMState, ...], Float[Array, " h"]]:
        """The same, given the input's part of the first layer's gates."""
        after = []
        for cell, state in zip(self.cells, states, strict=True):
            driven = cell.drive(after[-1].hidden) if after else driven
            after.append(cell.recur(state, driven))
        return tuple(after), jnp.concatenate([state.hidden for state in after])


LARGEST_GRADIENT = 1e6
"""Far above the gradients of training, and its square does not overflow."""


def bound_gradient(state: PyTree) -> PyTree:
    """The same state; the gradient that flows back through it is cut to +-1e6, and NaN to 0.

    Over many steps a recurrence multiplies its Jacobians, and the true gradient may exceed every
    number that float32 holds: an NTM whose weights are even over its rows multiplies it by the
    power of the sharpening each step. Clipping by a norm cannot repair what has become infinite or
    NaN.

    Forward-mode derivatives are those of the identity.
    """
    return jax.tree.map(lambda leaf: _bound(leaf) if eqx.is_inexact_array(leaf) else leaf, state)


def _bound(leaf: Float[Array, "*n"]) -> Float[Array, "*n"]:
    return jax.lax.custom_linear_solve(  # the identity, as its transpose may be chosen here
        lambda x: x, leaf, solve=lambda _, x: x, transpose_solve=lambda _, g: _bounded(g)
    )


def _bounded(gradient: Float[Array, "*n"]) -> Float[Array, "*n"]:
    known = jnp.where(jnp.isnan(gradient), 0.0, gradient)
    return jnp.clip(known, -LARGEST_GRADIENT, LARGEST_GRADIENT)
