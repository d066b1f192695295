"""What commands print: results on stdout, everything else on stderr."""

import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any


def print_json(value: Mapping[str, Any]) -> None:
    """Prints a result as exactly one line of JSON."""
    print(json.dumps(value, allow_nan=False), flush=True)


def say(message: str) -> None:
    """Prints something that is no result to stderr."""
    print(_lines(message), file=sys.stderr, flush=True)


def warn(message: str) -> None:
    """Prints one line about something that is not as it should be, whatever is in it."""
    say(f"engrax: {' '.join(message.split())}")


def last_word(message: str) -> None:
    """Prints a message that must not be lost: where stderr is closed, to stdout or the terminal."""
    for write in (say, _to_stdout, _to_terminal):
        with suppress(OSError):
            write(message)
            return


def printable(text: str) -> str:
    """A line with what a terminal might obey, or cannot show, as escape sequences."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def print_table(rows: Mapping[str, object]) -> None:
    """Prints names and values, one a line."""
    width = max(map(len, rows), default=0)
    for name, value in rows.items():
        print(f"{printable(name):<{width}}  {printable(str(value))}")


@contextmanager
def standard_streams() -> Iterator[None]:
    """Lets stdout and stderr take whatever is printed.

    A stream that was closed before Python started loses what is printed; a character that a
    stream's encoding lacks is printed as an escape sequence.
    """
    # Python has None for streams that were closed before it started.
    sys.stdout = sys.stdout or open(os.devnull, "w")  # noqa: SIM115
    sys.stderr = sys.stderr or open(os.devnull, "w")  # noqa: SIM115
    errors = [(stream, getattr(stream, "errors", None)) for stream in (sys.stdout, sys.stderr)]
    for stream, _ in errors:
        _reconfigure(stream, "backslashreplace")
    try:
        yield
    finally:
        for stream, before in errors:
            _reconfigure(stream, before)


def give_up_closed_streams() -> None:
    """Drops what can no longer be printed, or Python would complain of it as it exits."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            with suppress(OSError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _lines(message: str) -> str:
    return "\n".join(map(printable, message.split("\n")))


def _to_stdout(message: str) -> None:
    print(_lines(message), flush=True)


def _to_terminal(message: str) -> None:
    with open("/dev/tty", "w", errors="backslashreplace") as terminal:
        terminal.write(f"{_lines(message)}\n")


def _reconfigure(stream: object, errors: str | None) -> None:
    # Streams that notebooks and tests put in the place of the system's may not have this.
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None and errors is not None:
        with suppress(OSError, ValueError):
            reconfigure(errors=errors)
