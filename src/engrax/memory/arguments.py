"""Checks of the arguments of `step` and `unroll`, at tracing: compiled code does not pay for
them.
"""

from typing import Any

import jax.numpy as jnp

from engrax.memory.base import AbstractMemory

STREAMS = "for streams side by side use jax.vmap(memory.{method}), for {other}"


def check_step(memory: AbstractMemory[Any], state: Any, x: Any, first: Any) -> None:
    """Raises ValueError unless the arguments are those of one step of one stream.

    Args:
        memory: whose `step` or `recall` is called.
        state: anything but None.
        x: an array `[d]`.
        first: a truth value.
    """
    if state is None:
        raise ValueError(
            "state is None, expected the state after the step before: begin with "
            "memory.init_state(); only unroll takes None"
        )
    streams = STREAMS.format(method="step", other="a sequence memory.unroll")
    width = f"the memory is built for input_size {memory.input_size}"
    _check("x", x, (memory.input_size,), jnp.floating, (streams, width))
    _check("first", first, (), jnp.bool_, (streams, width))


def check_unroll(memory: AbstractMemory[Any], xs: Any, firsts: Any) -> None:
    """Raises ValueError unless the arguments are those of a sequence of one stream.

    Args:
        memory: whose `unroll` is called.
        xs: an array `[t, d]`.
        firsts: truth values `[t]`.
    """
    streams = STREAMS.format(method="unroll", other="one step memory.step")
    width = f"the memory is built for input_size {memory.input_size}"
    steps = xs.shape[0] if getattr(xs, "ndim", 0) == 2 else "t"
    _check("xs", xs, (steps, memory.input_size), jnp.floating, (streams, width))
    _check("firsts", firsts, (steps,), jnp.bool_, (streams, "give one value for each of xs"))
    if not steps:
        raise ValueError("xs has 0 steps, expected at least 1: leave out the call")


def _check(
    name: str, value: Any, shape: tuple[int | str, ...], kind: Any, ways_out: tuple[str, str]
) -> None:
    """Compares with a shape and a kind; the ways out are for other axes, and for another size."""
    if not hasattr(value, "shape") and not isinstance(value, bool):
        raise ValueError(
            f"{name} is of type {type(value).__name__}, expected an array of shape {_show(shape)}: "
            "convert it with jnp.asarray"
        )
    got, dtype = jnp.shape(value), jnp.result_type(value)
    if got != shape:
        way_out = ways_out[len(got) == len(shape)]
        raise ValueError(f"{name} has shape {_show(got)}, expected {_show(shape)}: {way_out}")
    if not jnp.issubdtype(dtype, kind):
        wanted = "bool" if kind is jnp.bool_ else "jnp.float32"
        raise ValueError(
            f"{name} is {dtype}, expected {wanted}: convert it with {name}.astype({wanted})"
        )


def _show(shape: tuple[int | str, ...]) -> str:
    return f"[{', '.join(map(str, shape))}]"
