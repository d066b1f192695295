"""Attention of a layer to its own last inputs, and the ring that remembers them."""

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from engrax.nn.local_attention import KeysValues, LocalAttention

S = TypeVar("S", bound=Any)


class Recent(NamedTuple):
    """A ring of the last W inputs, and the keys and values they have.

    Inputs are what is remembered; projections are kept so that no step projects an input twice.
    """

    inputs: Float[Array, "w d"]
    local: KeysValues


class RecentAttention(eqx.Module):
    """Local attention to remembered inputs, for states that are a `Recent` or have its fields among their own.

    Step n of an episode is in row n mod W. Which rows are of this episode follows from the count of its steps, so
    that nothing is cleared when one begins. Gradients run through keys and values to the inputs; who carries a state
    from one segment to the next stops them there.

    Attributes:
        attention: its window is W.
        enter: what is done to the stream before it is projected.
    """

    attention: LocalAttention
    enter: Callable[[Array], Array]

    def init_state(self) -> Recent:
        """Zeros."""
        rows = jnp.zeros((self.attention.window, self.attention.query.weight.shape[1]))
        return Recent(rows, KeysValues(rows, rows))

    def refresh(self, state: S) -> S:
        """Projects all inputs again."""
        return state._replace(local=self._project(state.inputs))

    def write(self, state: S, count: Int[Array, ""], x: Float[Array, " d"]) -> S:
        """Remembers the input of step number `count`, over the oldest."""
        place = count % self.attention.window
        pairs = zip(state.local, self._project(x), strict=True)
        local = KeysValues(*(put(ring, place, row) for ring, row in pairs))
        return state._replace(inputs=put(state.inputs, place, x), local=local)

    def attend(self, state: Any, count: Int[Array, ""], x: Float[Array, " d"]) -> Float[Array, " d"]:
        """The attention of step number `count`, whose input has been written."""
        return self.attention.attend_window(self.enter(x), state.local, self.steps_ago(count), count)

    def weights(self, state: Any, count: Int[Array, ""], x: Float[Array, " d"]) -> Float[Array, " w"]:
        """How much `attend` looks at each row, a mean over heads."""
        shown = self.attention.window_weights(self.enter(x), state.local.keys, self.steps_ago(count), count)
        return jnp.mean(shown, axis=0)

    def steps_ago(self, count: Int[Array, ""]) -> Int[Array, " w"]:
        """How long ago each row was written, once step number `count` has been."""
        window = self.attention.window
        return (count - jnp.arange(window)) % window

    def attend_sequence(
        self, state: Any, count: Int[Array, ""], steps: Int[Array, " t"], xs: Float[Array, "t d"]
    ) -> Float[Array, "t d"]:
        """The attention of all steps of a segment.

        What came before is projected here, with the present parameters: to put inputs in order needs no gradient where
        they are a detached state, and to put projections in order would.

        Args:
            state: before the segment; None if empty.
            count: steps of the episode before it.
            steps: the number of each step within its episode.
            xs: its inputs.
        """
        window = self.attention.window
        if state is None:
            zeros = jnp.zeros((window - 1, xs.shape[1]))
            past = KeysValues(zeros, zeros)
        else:
            past = self._project(state.inputs[(count + 1 + jnp.arange(window - 1)) % window])
        return self.attention.attend_sequence(self.enter(xs), past, steps)

    def write_sequence(self, state: S, steps: Int[Array, " t"], xs: Float[Array, "t d"]) -> S:
        """Remembers what a segment leaves in reach; projections are left as they were, for `refresh`."""
        return state._replace(inputs=put_last(state.inputs, steps, xs))

    def _project(self, xs: Float[Array, "*t d"]) -> KeysValues:
        return self.attention.project(self.enter(xs))


def episode_steps(count: Int[Array, ""], firsts: Bool[Array, " t"]) -> Int[Array, " t"]:
    """The step number of each time, given the steps already taken of the episode that the segment opens in."""
    times = jnp.arange(firsts.shape[0])
    latest_first = jax.lax.cummax(jnp.where(firsts, times, -1))
    return jnp.where(latest_first < 0, times + count, times - latest_first)


def put(ring: Float[Array, "..."], place: Int[Array, ""] | tuple, row: Float[Array, "..."]) -> Float[Array, "..."]:
    """Overwrites one row; places are in bounds by construction."""
    return ring.at[place].set(row, mode="promise_in_bounds")


def put_last(ring: Float[Array, "r d"], steps: Int[Array, " t"], rows: Float[Array, "t d"]) -> Float[Array, "r d"]:
    """Writes the rows of the last episode that are still in reach, each to its place in the ring."""
    size, times = ring.shape[0], jnp.arange(steps.shape[0])
    kept = (steps == steps[-1] - (times[-1] - times)) & (times[-1] - times < size)
    return ring.at[jnp.where(kept, steps % size, size)].set(rows, mode="drop")
