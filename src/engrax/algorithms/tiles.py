"""Streams in equal parts, to be computed one after the other or side by side."""

from typing import TypeVar

import jax

T = TypeVar("T")


def number_of_tiles(streams: int, tile: int | None) -> int:
    """How many tiles of so many streams there are; 1 where none is given, or it holds all."""
    return 1 if tile is None else max(1, streams // tile)


def cut(tree: T, parts: int) -> T:
    """Arrays [n, ...] as [parts, n / parts, ...]."""
    return jax.tree.map(lambda x: x.reshape(parts, x.shape[0] // parts, *x.shape[1:]), tree)


def joined(tree: T) -> T:
    """Arrays [parts, n / parts, ...] as [n, ...]."""
    return jax.tree.map(lambda x: x.reshape(x.shape[0] * x.shape[1], *x.shape[2:]), tree)
