"""Errors that a user can correct. Each message is one line: value, expectation, remedy.

This module imports only the standard library, so that a wrong command line is answered at once.
"""

import difflib
import reprlib
from collections.abc import Iterable


class UserError(ValueError):
    """Wrong input; the command line prints the message as one line and exits with status 2."""


class UsageError(UserError):
    """A command line that cannot be understood."""


class ConfigError(UserError):
    """A setting that is unknown or missing, or whose value does not fit."""


class RunError(UserError):
    """A run directory that cannot be used as asked."""


class BusyError(RunError):
    """A directory that another process uses."""


class RunFailedError(Exception):
    """Training that stopped early; the message says why, and what to do. What was saved before is
    kept.
    """


class EnvironmentFailedError(RunFailedError):
    """Environments that fail again and again in a worker process.

    The message is one line; the environment's own traceback follows it.
    """

    def __init__(self, message: str, trace: str):
        super().__init__(f"{message}; its traceback:\n{trace.rstrip()}")


def describe(error: OSError) -> str:
    """The operating system's error in one line, the file first."""
    if error.strerror is None:
        return str(error)
    return f"{error.filename}: {error.strerror}" if error.filename else error.strerror


def show(value: object) -> str:
    """A value for an error message: one line, never long."""
    return reprlib.repr(str(value) if isinstance(value, str) else value)


def suggest(name: str, known: Iterable[str], otherwise: str | None = None) -> str:
    """The nearest known names.

    Args:
        name: what was given.
        known: what could have been meant.
        otherwise: what to say if none is near; all known names if not given.
    """
    known = list(known)
    if near := difflib.get_close_matches(name, known, n=3):
        return f"did you mean {' or '.join(near)}?"
    return f"known: {', '.join(known)}" if otherwise is None else otherwise
