"""Attention of a layer to its own last inputs, and the ring that remembers them."""

from collections.abc import Callable
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from engrax.nn.local_attention import KeysValues, LocalAttention
from engrax.nn.masking import finite


class Recent(NamedTuple):
    """A ring of the last W inputs, and the keys and values they have.

    Inputs are what is remembered; projections are kept so that no step projects an input twice.
    """

    inputs: Float[Array, "w d"]
    local: KeysValues


class RecentAttention(eqx.Module):
    """Local attention to remembered inputs.

    Step n of an episode is in row n mod W. Which rows are of this episode follows from the count of
    its steps, so that nothing is cleared when one begins. Gradients run through keys and values to
    the inputs; who carries a state from one segment to the next stops them there. Numbers that are
    not finite are remembered as zeros.

    Attributes:
        attention: its window is W.
        enter: what is done to the stream before it is projected.
    """

    attention: LocalAttention
    enter: Callable[[Array], Array]

    def init_state(self) -> Recent:
        """Zeros."""
        shape = (self.attention.window, self.attention.query.weight.shape[1])
        rows = jnp.zeros(shape, jnp.float32)
        return Recent(rows, KeysValues(rows, rows))

    def unpack(self, inputs: Float[Array, "w d"]) -> Recent:
        """The ring with these inputs, which are projected here."""
        return Recent(inputs, self._project(inputs))

    def write(self, state: Recent, count: Int[Array, ""], x: Float[Array, " d"]) -> Recent:
        """Remembers the input of step number `count`, over the oldest."""
        place, x = count % self.attention.window, finite(x)
        pairs = zip(state.local, self._project(x), strict=True)
        local = KeysValues(*(put(ring, place, row) for ring, row in pairs))
        return Recent(put(state.inputs, place, x), local)

    def attend(
        self, state: Recent, count: Int[Array, ""], x: Float[Array, " d"]
    ) -> Float[Array, " d"]:
        """The attention of step number `count`, whose input has been written."""
        x, ago = self.enter(finite(x)), self.steps_ago(count)
        return self.attention.attend_window(x, state.local, ago, count)

    def weights(
        self, state: Recent, count: Int[Array, ""], x: Float[Array, " d"]
    ) -> Float[Array, "h w"]:
        """How much each head of `attend` looks at each row."""
        x, ago = self.enter(finite(x)), self.steps_ago(count)
        return self.attention.window_weights(x, state.local.keys, ago, count)

    def steps_ago(self, count: Int[Array, ""]) -> Int[Array, " w"]:
        """How long ago each row was written, once step number `count` has been."""
        window = self.attention.window
        return (count - jnp.arange(window, dtype=jnp.int32)) % window

    def attend_sequence(
        self,
        state: Recent | None,
        count: Int[Array, ""],
        steps: Int[Array, " t"],
        xs: Float[Array, "t d"],
    ) -> Float[Array, "t d"]:
        """The attention of all steps of a segment.

        What came before is projected here, with the present parameters: to put inputs in order
        needs no gradient where they are a detached state, and to put projections in order would.

        Args:
            state: before the segment; None if empty.
            count: steps of the episode before it.
            steps: the number of each step within its episode.
            xs: its inputs.
        """
        past = self._past(state, count)
        return self.attention.attend_sequence(self.enter(finite(xs)), past, steps)

    def _past(self, state: Recent | None, count: Int[Array, ""]) -> KeysValues | None:
        """Keys and values of the window - 1 steps before a segment, oldest first."""
        if state is None:
            return None
        window = self.attention.window
        places = (count + 1 + jnp.arange(window - 1, dtype=jnp.int32)) % window
        return self._project(state.inputs[places])

    def write_sequence(
        self, inputs: Float[Array, "w d"], steps: Int[Array, " t"], xs: Float[Array, "t d"]
    ) -> Float[Array, "w d"]:
        """The remembered inputs with those that a segment leaves in reach; not projected yet."""
        return put_last(inputs, steps, finite(xs))

    def _project(self, xs: Float[Array, "*t d"]) -> KeysValues:
        return self.attention.project(self.enter(xs))


def episode_steps(count: Int[Array, ""], firsts: Bool[Array, " t"]) -> Int[Array, " t"]:
    """The step number of each time in its episode, `count` steps of the first one being over."""
    times = jnp.arange(firsts.shape[0], dtype=jnp.int32)
    latest_first = jax.lax.cummax(jnp.where(firsts, times, -1))
    return jnp.where(latest_first < 0, times + count, times - latest_first)


def put(
    ring: Float[Array, "..."], place: Int[Array, ""] | tuple, row: Float[Array, "..."]
) -> Float[Array, "..."]:
    """Overwrites one row; places are in bounds by construction."""
    return ring.at[place].set(row, mode="promise_in_bounds")


def put_last(
    ring: Float[Array, "r d"], steps: Int[Array, " t"], rows: Float[Array, "t d"]
) -> Float[Array, "r d"]:
    """Writes those rows of the last episode that are in reach, each to its place in the ring."""
    size, times = ring.shape[0], jnp.arange(steps.shape[0], dtype=jnp.int32)
    back = times[-1] - times
    kept = (steps == steps[-1] - back) & (back < size)
    return ring.at[jnp.where(kept, steps % size, size)].set(rows, mode="drop")
