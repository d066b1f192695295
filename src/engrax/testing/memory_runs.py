"""Compiled runs of a memory over streams, shared by the laws so that few programs are compiled."""

from functools import partial
from typing import Any, Literal

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Key, PyTree

from engrax.memory.base import AbstractMemory, MemoryOutput
from engrax.testing.contract import quick_jit
from engrax.types import Recall

Path = Literal["step", "unroll"]
PATHS: tuple[Path, ...] = ("step", "unroll")


def _run(path: Path, memory: AbstractMemory, state: Any, xs: Any, firsts: Any) -> tuple[Any, Array]:
    """One stream, by a scan of `step` or by `unroll`: the end state, and what was put out."""
    keys = keys_of(xs)
    if path == "unroll":
        state, output = memory.unroll(state, xs, firsts, keys=keys)
        return state, columns(output)

    def step(state: Any, now: tuple[Any, Any, Any]) -> tuple[Any, Array]:
        state, output = memory.step(state, *now[:2], key=now[2])
        return state, columns(output)

    return jax.lax.scan(step, state, (xs, firsts, keys))


def keys_of(xs: Float[Array, "t d"]) -> Key[Array, " t"]:
    """A key a step, which follows from the input: where inputs are moved in time, keys are too."""
    words = jax.lax.bitcast_convert_type(xs[:, 0].astype(jnp.float32), jnp.uint32)
    return jax.vmap(partial(jax.random.fold_in, jax.random.key(0)))(words)


def columns(output: MemoryOutput) -> Float[Array, "*t c"]:
    """All numbers that a memory puts out and learners use: the output, then each of its losses."""
    losses = (output.auxiliary[name][..., None] for name in sorted(output.auxiliary))
    return jnp.concatenate([output.h, *losses], axis=-1)


def num_columns(memory: AbstractMemory) -> int:
    """The number of `columns`."""
    x, first = jnp.zeros(memory.input_size, jnp.float32), jnp.zeros((), bool)
    step = lambda: memory.step(memory.init_state(), x, first, key=jax.random.key(0))[1]  # noqa: E731
    return eqx.filter_eval_shape(lambda: columns(step())).shape[-1]


@quick_jit
def run_one(
    path: Path, memory: AbstractMemory, state: Any, xs: Any, firsts: Any
) -> tuple[Any, Array]:
    """One stream on its own, without `vmap`: the end state and the outputs `[t, h]`."""
    return _run(path, memory, state, xs, firsts)


def _run_streams(
    path: Path, memory: AbstractMemory, states: Any, xs: Any, firsts: Any
) -> tuple[Any, Array]:
    return jax.vmap(lambda *stream: _run(path, memory, *stream))(states, xs, firsts)


@quick_jit
def run_streams(
    path: Path, memory: AbstractMemory, states: Any, xs: Any, firsts: Any
) -> tuple[Any, Array]:
    """Streams side by side under `vmap`: the end states and the outputs `[streams, t, h]`."""
    return _run_streams(path, memory, states, xs, firsts)


def _refresh_streams(memory: AbstractMemory, states: Any) -> Any:
    """`refresh` of each stream's state; without arrays there are no streams to map over."""
    return jax.vmap(memory.refresh)(states) if jax.tree.leaves(states) else states


@quick_jit
def gradients(
    path: Path, memory: AbstractMemory, states: Any, xs: Any, firsts: Any, weights: Any
) -> PyTree:
    """Gradients of `sum(weights * (y + y^2))` by the parameters, the states and the inputs.

    States are refreshed first, as learners do: what is cached must not hide the parameters it was
    computed with. The square is there to expose infinities that a linear loss would not meet; the
    linear term, so that outputs of zero have a gradient too.
    """

    def loss(arguments: tuple[AbstractMemory, Any, Any]) -> Array:
        memory, states, xs = arguments
        states = _refresh_streams(memory, states)
        _, ys = _run_streams(path, memory, states, xs, firsts)
        return jnp.sum(weights * (ys + ys**2))

    return eqx.filter_grad(loss)((memory, states, xs))


@quick_jit
def refresh_streams(memory: AbstractMemory, states: Any) -> Any:
    """`refresh` of each stream's state."""
    return _refresh_streams(memory, states)


@quick_jit
def refreshed_gradients(
    memories: AbstractMemory, states: Any, xs: Any, firsts: Any, weights: Any
) -> PyTree:
    """A weighted sum of outputs after refreshing, and its gradient, for sets of parameters."""

    def loss(memory: AbstractMemory) -> Array:
        fresh = _refresh_streams(memory, jax.lax.stop_gradient(states))
        return jnp.sum(weights * _run_streams("unroll", memory, fresh, xs, firsts)[1])

    parameters, rest = eqx.partition(memories, eqx.is_inexact_array)
    return jax.lax.map(
        lambda one: eqx.filter_value_and_grad(loss)(eqx.combine(one, rest)), parameters
    )


@quick_jit
def recall_streams(memory: AbstractMemory, states: Any, xs: Any, firsts: Any) -> Recall | None:
    """The recall of each step of each stream: `[streams, t, r, n]`."""

    def step(state: Any, now: tuple[Any, Any, Any]) -> tuple[Any, Recall | None]:
        state, output = memory.step(state, *now[:2], key=now[2])
        return state, output.recall

    def run(state: Any, xs: Any, firsts: Any) -> Recall | None:
        return jax.lax.scan(step, state, (xs, firsts, keys_of(xs)))[1]

    return jax.vmap(run)(states, xs, firsts)
