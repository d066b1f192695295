"""`--retries`: a command in a process of its own, which goes on where the process dies."""

import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from engrax.cli.output import warn

ENDED_WELL = (0, 2, 130)
"""Exit statuses after which nothing is tried again: done, a wrong command, stopped by its user."""


def supervised(words: Sequence[str], out: Path, hosts: Sequence[str], retries: int) -> int:
    """Runs a command of engrax, and `engrax resume` where it ends of anything but itself.

    Args:
        words: the command, without `--retries`.
        out: the run directory.
        hosts: the words that say where several processes meet; `resume` gets them, too.
        retries: how often.

    Returns:
        The last exit status.
    """
    status = _run(words)
    for left in range(retries, 0, -1):
        if status in ENDED_WELL:
            break
        warn(f"its process ended with status {status}; going on (tries left: {left})")
        begun = (out / "config.json").exists()
        status = _run(["resume", str(out), *hosts] if begun else words)
    return status


def without(words: Sequence[str], option: str) -> list[str]:
    """The words without an option and its value."""
    kept: list[str] = []
    rest = iter(words)
    for word in rest:
        if word == option:
            next(rest, None)
        elif not word.startswith(f"{option}="):
            kept.append(word)
    return kept


def _run(words: Sequence[str]) -> int:
    child = subprocess.Popen([sys.executable, "-m", "engrax", *words])
    # Ctrl-C reaches the child, too, which saves and ends; other requests are passed on.
    previous = {
        signal.SIGINT: signal.signal(signal.SIGINT, signal.SIG_IGN),
        signal.SIGTERM: signal.signal(signal.SIGTERM, lambda number, _: child.send_signal(number)),
    }
    try:
        return child.wait()
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
