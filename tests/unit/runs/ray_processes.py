"""What tests of runs on a Ray cluster wait for: processes of a name, and rows of a log."""

import time
from pathlib import Path

from engrax.runs.metrics import MetricsLog, Row


def ray_processes(name: str) -> list[int]:
    """The processes of Ray's actors or tasks of a name."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if path.read_bytes().startswith(f"ray::{name}".encode()):
                found.append(int(path.parts[2]))
        except OSError:
            continue
    return found


def rows_after(log: MetricsLog, count: int) -> list[Row]:
    """The rows of a log, once there are so many; those there are after four minutes."""
    deadline = time.monotonic() + 240.0
    while len(rows := log.rows()) < count and time.monotonic() < deadline:
        time.sleep(0.02)
    return rows
