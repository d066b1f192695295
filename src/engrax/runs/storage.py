"""Files that are either wholly there or not there at all, even if the machine stops."""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from engrax.experiments.codec import UserError

TEMPORARY = ".tmp"


class RunError(UserError):
    """A run directory that cannot be used as asked."""


def write_atomically(path: Path, write: Callable[[Path], object]) -> None:
    """Writes a file so that a reader sees the old one or the new one, never a part.

    Args:
        path: the file.
        write: writes it to the path that it is given, in the same directory.

    Raises:
        OSError: it cannot be written; what was there before is untouched.
    """
    temporary = path.with_name(path.name + TEMPORARY)
    try:
        write(temporary)
        _flush(temporary)
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    # The new name itself is only durable once the directory is.
    _flush(path.parent)


def write_text(path: Path, text: str) -> None:
    """Writes a text file atomically."""
    write_atomically(path, lambda temporary: temporary.write_text(text, encoding="utf-8"))


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Holds a directory for this process; the system lets go of it when the process ends, however it ends.

    Args:
        path: the directory.

    Raises:
        RunError: another process holds it.
        OSError: it cannot be opened.
    """
    descriptor = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise RunError(f"{path} is in use by another process; wait for it, or choose another directory") from None
    finally:
        os.close(descriptor)


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
