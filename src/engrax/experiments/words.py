"""Parts of error messages: a value, and what was probably meant by a wrong name."""

import difflib
import reprlib
from collections.abc import Iterable


def show(value: object) -> str:
    """A value for an error message: one line, never long."""
    return reprlib.repr(str(value) if isinstance(value, str) else value)


def suggest(name: str, known: Iterable[str]) -> str:
    """The nearest known names, or all of them if none is near."""
    known = list(known)
    near = difflib.get_close_matches(name, known, n=3)
    return f"did you mean {' or '.join(near)}?" if near else f"known: {', '.join(known)}"
