"""Categorical grids as numbers: one-hot going in, binary digits coming out."""

from math import ceil, log2

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, UInt8


def multi_hot(symbols: UInt8[Array, "*n f"], sizes: tuple[int, ...]) -> Float[Array, "*n s"]:
    """The one-hot codes of all features side by side: s = sum(sizes)."""
    codes = [jax.nn.one_hot(symbols[..., i], size) for i, size in enumerate(sizes)]
    return jnp.concatenate(codes, axis=-1)


def num_digits(sizes: tuple[int, ...]) -> int:
    """How many binary digits write one value of each feature."""
    return sum(ceil(log2(size)) if size > 1 else 1 for size in sizes)


def binary_digits(symbols: UInt8[Array, "*n f"], sizes: tuple[int, ...]) -> Float[Array, "*n b"]:
    """The values of all features in binary, 0.0 or 1.0 a digit: b = num_digits(sizes), far fewer than one-hot codes."""
    digits = []
    for i, size in enumerate(sizes):
        shifts = jnp.arange(num_digits((size,)), dtype=jnp.uint8)
        digits.append((symbols[..., i : i + 1] >> jnp.broadcast_to(shifts, (*symbols.shape[:-1], shifts.size))) & 1)
    return jnp.concatenate(digits, axis=-1).astype(jnp.float32)
