"""Settings of tasks that are one of a few names."""

from collections.abc import Callable
from typing import Any, get_args


def one_of(names: Any, setting: str) -> Callable[[str], Any]:
    """A converter that lets only some names pass.

    Args:
        names: a `Literal` of all of them.
        setting: what the setting is called, for the error.

    Returns:
        A function that returns a name as it is, and raises ValueError for another one.
    """

    def checked(value: str) -> Any:
        if value in get_args(names):
            return value
        known = ", ".join(get_args(names))
        raise ValueError(f"{setting} is {value!r}, expected one of {known}")

    return checked
