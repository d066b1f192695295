"""Requests to stop training: Ctrl-C, the system's request to end, and a terminal that closes."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def interruptible() -> Iterator[Callable[[], bool]]:
    """Lets the first request to stop wait for the update at hand; a second one stops at once.

    Only the main thread of a process is sent signals; in any other thread nothing is changed. A
    signal that the process ignores, as SIGHUP under `nohup`, stays ignored.

    Yields:
        A function that says whether to stop.
    """
    asked: list[int] = []

    def ask(number: int, frame: object) -> None:
        if asked:
            raise KeyboardInterrupt
        asked.append(number)

    previous = {number: signal.signal(number, ask) for number in _caught()}
    try:
        yield lambda: bool(asked)
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler or signal.SIG_DFL)


def _caught() -> list[signal.Signals]:
    if threading.current_thread() is not threading.main_thread():
        return []
    hang_up_ignored = signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    return [number for number in _SIGNALS if number != signal.SIGHUP or not hang_up_ignored]
