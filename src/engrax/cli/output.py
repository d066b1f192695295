"""What commands say: results on stdout, everything else on stderr."""

import json
import sys
from collections.abc import Mapping
from typing import Any


def print_json(value: Mapping[str, Any]) -> None:
    """Prints a result as exactly one line of JSON."""
    print(json.dumps(value, allow_nan=False), flush=True)


def say(message: str) -> None:
    """Tells the user something that is no result."""
    print("\n".join(map(printable, message.split("\n"))), file=sys.stderr, flush=True)


def warn(message: str) -> None:
    """Tells the user of something that is not as it should be, in one line whatever is in it."""
    say(f"engrax: {' '.join(message.split())}")


def printable(text: str) -> str:
    """A line with what a terminal might obey, or cannot show, spelt out."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def print_table(rows: Mapping[str, object]) -> None:
    """Prints names and values, one a line."""
    width = max(map(len, rows), default=0)
    for name, value in rows.items():
        print(f"{printable(name):<{width}}  {printable(str(value))}")
