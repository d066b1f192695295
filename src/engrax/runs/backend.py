"""Errors of a JAX that cannot start, as errors of its user. Importing this module imports no JAX."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from engrax.errors import UserError

_WAY_OUT = (
    "unset it to let JAX choose, or install what it needs (engrax[cuda] for NVIDIA GPUs)",
    "check the JAX_ variables of the environment",
)


@contextmanager
def backend_errors() -> Iterator[None]:
    """Around code that uses JAX: raises `UserError` if it failed because JAX cannot start.

    JAX starts at its first use, wherever that is, and fails in several ways, one of them an
    assertion without a message.
    """
    try:
        yield
    except (RuntimeError, AssertionError, ValueError, ImportError) as error:
        reason = None if isinstance(error, UserError) else _why_jax_cannot_start()
        if reason is None:
            raise
        raise UserError(reason) from error


def _why_jax_cannot_start() -> str | None:
    try:
        import jax

        jax.devices()
    except Exception as error:
        platforms = os.environ.get("JAX_PLATFORMS")
        setting = f" with JAX_PLATFORMS={platforms[:40]!r}" if platforms else ""
        reason = " ".join(str(error).split())[:200] or "there is no such device here"
        return f"JAX cannot start{setting}: {reason}; {_WAY_OUT[0 if platforms else 1]}"
    return None
