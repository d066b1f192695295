"""Errors of a JAX that cannot start, as errors of its user. Importing this module imports no
JAX.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from engrax.errors import UserError

_PLATFORM = "unset it to let JAX choose, or install what it needs (engrax[cuda] for NVIDIA GPUs)"
_VARIABLES = "check the environment's variables that begin with JAX_"


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
    except Exception as error:
        return f"JAX cannot be imported: {one_line(error)}; {_VARIABLES}"
    try:
        jax.devices()
    except Exception as error:
        reason = one_line(error) or "there is no such device here"
        platforms = os.environ.get("JAX_PLATFORMS")
        setting = f" with JAX_PLATFORMS={platforms[:40]!r}" if platforms else ""
        return f"JAX cannot start{setting}: {reason}; {_PLATFORM if platforms else _VARIABLES}"
    return None


def one_line(error: Exception) -> str:
    """An error's message in one line, never long."""
    return " ".join(str(error).split())[:200]
