"""Small memories that keep the contract, plain enough to be read as its definition."""

from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, PyTree

from engrax.memory.base import AbstractMemory, MemoryOutput
from engrax.memory.layout import Layout
from engrax.types import Recall

FAR = -1e30


class RingState(NamedTuple):
    items: Float[Array, "n d"]
    keys: Float[Array, "n h"]
    count: Int[Array, ""]


@jax.custom_batching.custom_vmap
def shared(count: Array) -> Array:
    """The largest count of all streams: what no memory should be able to see."""
    return count


@shared.def_vmap
def _shared_rule(axis_size: int, in_batched: list[bool], count: Array) -> tuple[Array, bool]:
    return (
        (jnp.broadcast_to(jnp.max(count), (axis_size,)), True) if in_batched[0] else (count, False)
    )


class Ring(AbstractMemory[RingState]):
    """Softmax attention over the last `capacity` inputs of the episode, with cached keys; resets by
    a counter.

    `bug` plants a mistake, each in one place; without one it keeps the contract.
    """

    query: Float[Array, "h d"]
    key: Float[Array, "h d"]
    value: Float[Array, "h d"]
    input_size: int = eqx.field(static=True)
    output_size: int = eqx.field(static=True)
    capacity: int = eqx.field(static=True)
    bug: str = eqx.field(static=True)

    def __init__(
        self,
        input_size: int = 3,
        output_size: int = 4,
        capacity: int = 6,
        bug: str = "",
        *,
        key: Array,
    ):
        shape = (output_size, input_size)
        self.query, self.key, self.value = 0.5 * jax.random.normal(key, (3, *shape))
        self.input_size, self.output_size, self.capacity, self.bug = (
            input_size,
            output_size,
            capacity,
            bug,
        )

    def _has(self, bug: str) -> bool:
        return bug in self.bug.split(", ")

    def init_state(self) -> RingState:
        items = jnp.zeros((self.capacity, self.input_size))
        count = jnp.asarray(0) if self._has("weak type") else jnp.zeros((), jnp.int32)
        return RingState(items, jnp.zeros((self.capacity, self.output_size)), count)

    def _steps_ago(self, count: Int[Array, ""]) -> Int[Array, " n"]:
        """Of each slot of a ring that has been written `count` times."""
        return (count - 1 - jnp.arange(self.capacity)) % self.capacity + 1

    def _scores(self, state: RingState, x: Float[Array, " d"]) -> Float[Array, " n"]:
        query = self.query @ x
        if self._has("epsilon outside of the root"):
            lengths = jnp.sqrt(jnp.sum(state.keys**2, axis=1)) * jnp.sqrt(jnp.sum(query**2))
            return state.keys @ query / (lengths + 1e-6)
        return state.keys @ query

    def _attend(self, state: RingState, count: Int[Array, ""], x: Float[Array, " d"]) -> Recall:
        ago = self._steps_ago(count)
        valid = ago <= count
        if self._has("overflow behind where"):
            weights = jnp.where(valid, jnp.exp(self._scores(state, x)), 0.0)
            return Recall(weights[None] / (1 + jnp.sum(weights)), ago, valid, ("head 1",))
        if self._has("mask too weak"):
            penalty = jnp.where(valid, 0.0, -100.0)
            weights = jax.nn.softmax(self._scores(state, x) + penalty)
            return Recall(weights[None], ago, valid, ("head 1",))
        scores = jnp.where(valid, self._scores(state, x), FAR)
        weights = jnp.where(valid, jax.nn.softmax(scores), 0.0)
        names = ("head 1", "head 2") if self._has("readers without weights") else ("head 1",)
        return Recall(weights[None], ago, valid, names)

    def step(
        self,
        state: RingState,
        x: Float[Array, " d"],
        first: Bool[Array, ""],
        *,
        key: Array | None = None,
    ) -> tuple[RingState, MemoryOutput]:
        forgets = first & (not self._has("recall of earlier episodes"))
        recall = self._attend(state, jnp.where(forgets, 0, state.count), x)
        count = shared(state.count) if self._has("streams share a counter") else state.count
        count = count if self._has("first ignored") else jnp.where(first, 0, count)
        y = self.value @ (self._attend(state, count, x).weights[0] @ state.items) + self.query @ x
        if self._has("gradient leaks"):
            y = y + jnp.sum(state.items) - jax.lax.stop_gradient(jnp.sum(state.items))
        count = state.count if self._has("stale counter") else count
        slot = count % self.capacity
        x = jax.lax.stop_gradient(x) if self._has("recurrence detached") else x
        x = x if self._has("what is not finite stays") else jnp.where(jnp.isfinite(x), x, 0.0)
        items, keys = state.items.at[slot].set(x), state.keys.at[slot].set(self.key @ x)
        noise = jnp.float32(0.0) if key is None else jax.random.normal(key, dtype=jnp.float32)
        output = MemoryOutput(y, recall, {"length": jnp.sum(y**2) * (1.0 + 0.1 * noise)})
        if self._has("dtype changes"):
            return RingState(items, keys, (count + 1).astype(jnp.float32)), output
        count = count.astype(jnp.int32) if self._has("weak type") else count
        return RingState(items, keys, count + 1), output

    def unroll(
        self,
        state: RingState | None,
        xs: Float[Array, "t d"],
        firsts: Bool[Array, " t"],
        *,
        keys: Array | None = None,
    ) -> tuple[RingState, MemoryOutput]:
        if state is None:
            state = self.init_state()
            state = (
                state._replace(count=state.count + 1) if self._has("None is not empty") else state
            )
        state = self.init_state() if self._has("unroll ignores the state") else state
        firsts = firsts.at[1:].set(False) if self._has("unroll resets at index 0 only") else firsts
        xs = jax.lax.stop_gradient(xs) if self._has("unroll stops gradients") else xs
        shifted = keys is not None and self._has("keys shifted")
        keys = jnp.roll(keys, 1) if shifted else keys

        def step(carry: RingState, now: tuple[Array, Array, Array]):
            state, output = self.step(carry, *now[:2], key=now[2])
            return state, (carry, output)

        end, (states, output) = jax.lax.scan(step, state, (xs, firsts, keys))
        losses = {} if self._has("losses of steps only") else output.auxiliary
        output = output._replace(recall=None, auxiliary=losses)
        if self._has("unroll drops the last step"):
            return jax.tree.map(lambda leaf: leaf[-1], states), output
        return end, output

    def pack(self, state: RingState) -> PyTree:
        keeps = self._has("refresh adds up") or self._has("pack keeps what unpack changes")
        return state.items, state.count, (state.keys if keeps else None)

    def unpack(self, packed: PyTree) -> RingState:
        items, count, past = packed
        scale = 1.01 if self._has("refresh changes numbers") else 1.0
        key = jax.lax.stop_gradient(self.key) if self._has("refresh stops gradients") else self.key
        keys = scale * items @ key.T
        return RingState(items, keys + past if self._has("refresh adds up") else keys, count)


class Recurrent(AbstractMemory[Array]):
    """h' = MLP([x, h]), whose cell is equinox's: one of its leaves is a function."""

    cell: eqx.nn.MLP
    input_size: int = eqx.field(static=True)
    output_size: int = eqx.field(static=True)

    def __init__(self, layout: Layout | int, output_size: int = 4, *, key: Array):
        input_size = Layout.of(layout).size
        self.cell = eqx.nn.MLP(
            input_size + output_size, output_size, 8, 1, final_activation=jnp.tanh, key=key
        )
        self.input_size, self.output_size = input_size, output_size

    def init_state(self) -> Array:
        return jnp.zeros(self.output_size, jnp.float32)

    def step(
        self, state: Array, x: Array, first: Array, *, key: Array | None = None
    ) -> tuple[Array, MemoryOutput]:
        state = self.cell(jnp.concatenate([x, jnp.where(first, 0.0, state)]))
        return state, MemoryOutput(state)

    def unroll(
        self, state: Array | None, xs: Array, firsts: Array, *, keys: Array | None = None
    ) -> tuple[Array, MemoryOutput]:
        state = self.init_state() if state is None else state
        return jax.lax.scan(lambda state, now: self.step(state, *now), state, (xs, firsts))


class WindowState(NamedTuple):
    items: Float[Array, "n d"]
    count: Int[Array, ""]


class Window(AbstractMemory[WindowState]):
    """Attention to the last inputs by equinox's module, among whose leaves are numbers of
    Python.
    """

    attention: eqx.nn.MultiheadAttention
    input_size: int = eqx.field(static=True)
    output_size: int = eqx.field(static=True)
    capacity: int = eqx.field(static=True)

    def __init__(self, layout: Layout | int, capacity: int = 5, *, key: Array):
        input_size = Layout.of(layout).size
        self.attention = eqx.nn.MultiheadAttention(2, input_size, qk_size=4, vo_size=4, key=key)
        self.input_size = self.output_size = input_size
        self.capacity = capacity

    def init_state(self) -> WindowState:
        items = jnp.zeros((self.capacity, self.input_size), jnp.float32)
        return WindowState(items, jnp.zeros((), jnp.int32))

    def step(
        self, state: WindowState, x: Array, first: Array, *, key: Array | None = None
    ) -> tuple[WindowState, MemoryOutput]:
        count = jnp.where(first, 0, state.count)
        kept = jnp.where(jnp.isfinite(x), x, 0.0)
        items = jnp.concatenate([kept[None], state.items[:-1]])
        seen = jnp.arange(self.capacity, dtype=jnp.int32) <= count
        y = self.attention(x[None], items, items, mask=seen[None, :])[0]
        return WindowState(items, jnp.minimum(count + 1, self.capacity)), MemoryOutput(y)

    def unroll(
        self, state: WindowState | None, xs: Array, firsts: Array, *, keys: Array | None = None
    ) -> tuple[WindowState, MemoryOutput]:
        state = self.init_state() if state is None else state
        return jax.lax.scan(lambda state, now: self.step(state, *now), state, (xs, firsts))


WITH_LEAVES_THAT_ARE_NO_ARRAYS = {"function": Recurrent, "numbers": Window}
"""Memories that must be tried, trained, saved and played like any other."""
