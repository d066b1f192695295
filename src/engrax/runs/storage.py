"""Files that are either wholly there or not there at all, even if the machine stops."""

import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from engrax.errors import BusyError, RunError

TEMPORARY = ".tmp"


def write_atomically(path: Path, contents: bytes) -> None:
    """Writes a file so that a reader sees the old one or the new one, never a part.

    Args:
        path: the file.
        contents: all of it.

    Raises:
        OSError: it cannot be written; what was there before is untouched.
    """
    with replacing(path) as temporary, temporary.open("xb") as file:
        file.write(contents)
        file.flush()
        os.fsync(file.fileno())


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A path beside a file, to make a new one there: it takes the file's place if all goes well,
    else it disappears.

    Raises:
        OSError: it cannot be written; what was there before is untouched.
    """
    temporary = path.with_name(path.name + TEMPORARY)
    with naming(path):
        try:
            # What a killed process left is not written over but removed: it might be a link or a
            # pipe.
            temporary.unlink(missing_ok=True)
            yield temporary
            os.replace(temporary, path)
        except BaseException:
            with suppress(OSError):
                temporary.unlink()
            raise
        # The new name itself is only durable once the directory is.
        flush_directory(path.parent)


def write_text(path: Path, text: str) -> None:
    """Writes a text file atomically; see `write_atomically`."""
    write_atomically(path, text.encode())


def flush_directory(path: Path) -> None:
    """Makes sure that the names in a directory are on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Gives the system's errors the file that they are about: a full disk, for one, names none."""
    try:
        yield
    except OSError as error:
        error.filename = str(path)
        error.filename2 = None
        raise


def regular_size(path: Path) -> int | None:
    """The bytes of a file, or None if it is a directory, a pipe or a device: reading one may never
    end.

    Raises:
        OSError: there is nothing, or it cannot be asked.
    """
    status = path.stat()
    return status.st_size if stat.S_ISREG(status.st_mode) else None


def read_text(path: Path, limit: int) -> str:
    """The text of a file of at most so many bytes; what is no UTF-8 in it is replaced.

    Raises:
        RunError: it is larger, or no regular file.
        OSError: it cannot be read.
    """
    size = regular_size(path)
    if size is None:
        raise RunError(f"{path} is not a regular file")
    if size > limit:
        raise RunError(
            f"{path} has {size:,} bytes, expected at most {limit:,}: `engrax train` did not write "
            "it"
        )
    with path.open("rb") as file:
        return file.read(limit).decode(errors="replace")


def machine_memory() -> int:
    """The bytes of this machine's memory."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Holds a directory for this process; the system lets go of it when the process ends, however
    it ends.

    Args:
        path: the directory.

    Raises:
        BusyError: another process holds it.
        OSError: it cannot be opened.
    """
    descriptor = os.open(path, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BusyError(
                f"{path} is in use by another process; wait for it, or choose another directory"
            ) from None
        yield
    finally:
        os.close(descriptor)
