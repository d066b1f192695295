"""Gradients that stop where memories are trained, and go on where they are looked at."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

import jax

T = TypeVar("T")

_THROUGH: ContextVar[bool] = ContextVar("gradients go through memory", default=False)


def without_gradient(tree: T) -> T:
    """What a memory keeps, or a policy receives, without a gradient in training."""
    return tree if _THROUGH.get() else jax.lax.stop_gradient(tree)


@contextmanager
def through_memory() -> Iterator[None]:
    """Around the tracing of a function whose gradient is to go through `without_gradient`.

    So a gradient says what an output owes to the distant past, also where training cuts it.
    """
    before = _THROUGH.set(True)
    try:
        yield
    finally:
        _THROUGH.reset(before)
