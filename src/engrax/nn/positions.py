"""Sinusoidal codes of positions."""

import jax.numpy as jnp
from jaxtyping import Array, Float


def sinusoids(positions: Float[Array, " n"], size: int) -> Float[Array, "n d"]:
    """All sines then all cosines of the positions at frequencies 1e4^(-2i/size), i = 0..size/2-1.

    Args:
        positions: n real positions.
        size: d, even.

    Raises:
        ValueError: for an odd size.
    """
    if size % 2:
        raise ValueError(
            f"sinusoids need an even width, got {size}: half are sines and half cosines"
        )
    frequencies = 1e4 ** (-jnp.arange(0, size, 2, dtype=jnp.float32) / size)
    angles = positions[:, None] * frequencies[None, :]
    return jnp.concatenate([jnp.sin(angles), jnp.cos(angles)], axis=-1)


def age_code(length: int, size: int) -> Float[Array, "c d"]:
    """The code of each row of a chunk by its age: the newest, which is last, has position 0.

    Source: Lampinen et al. 2021, arXiv 2105.14039, the released read.
    """
    return sinusoids(jnp.arange(length - 1, -1, -1, dtype=jnp.float32), size)
