"""Cores that a process keeps to, so that several on one machine do not share any."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from engrax.errors import BusyError
from engrax.gym.choosing import processors_here
from engrax.runs.storage import locked


@contextmanager
def claimed(count: int) -> Iterator[tuple[int, ...]]:
    """Keeps this process, and what it starts, to some cores that no other such process has.

    To be entered before JAX starts, which makes as many threads as it finds cores. The claims are
    locks on directories of this machine; the system releases them when the process ends, however
    it does.

    Args:
        count: how many cores.

    Yields:
        Their numbers; none where the system has no such limits, or too few cores are free. Then
        nothing is changed.
    """
    if not hasattr(os, "sched_setaffinity"):
        yield ()
        return
    before = processors_here()
    with ExitStack() as locks:
        found: list[int] = []
        for core in before:
            if len(found) < count and _free(core, locks):
                found.append(core)
        if len(found) < count:
            locks.close()
            yield ()
            return
        os.sched_setaffinity(0, found)
        try:
            yield tuple(found)
        finally:
            os.sched_setaffinity(0, before)


def _free(core: int, locks: ExitStack) -> bool:
    """Whether a core was free; it is claimed then, until `locks` is closed."""
    folder = Path(tempfile.gettempdir()) / f"engrax-cores-{os.getuid()}" / str(core)
    folder.mkdir(parents=True, exist_ok=True)
    try:
        locks.enter_context(locked(folder))
    except BusyError:
        return False
    return True
