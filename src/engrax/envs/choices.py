"""Checks of the settings of tasks."""

import json
from collections.abc import Callable
from typing import Any, get_args

from engrax.errors import ConfigError


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


def check_at_least(least: int, **settings: int) -> None:
    """Raises ValueError unless every setting is large enough.

    Args:
        least: the smallest number that is allowed.
        **settings: numbers by the names of settings.
    """
    for name, number in settings.items():
        if number < least:
            raise ValueError(f"{name} is {number}, expected at least {least}")


def check_between(least: int, most: int, **settings: int) -> None:
    """Raises ValueError unless every setting is neither too small nor too large.

    Args:
        least: the smallest number that is allowed.
        most: the largest.
        **settings: numbers by the names of settings.
    """
    for name, number in settings.items():
        if not least <= number <= most:
            raise ValueError(f"{name} is {number}, expected {least} to {most}")


def json_object(name: str, text: str) -> dict[str, Any]:
    """A setting that is a JSON object.

    Args:
        name: of the setting.
        text: as it is typed.

    Raises:
        ConfigError: it is none.
    """
    try:
        found = json.loads(text)
    except json.JSONDecodeError as problem:
        raise ConfigError(f"{name} is {text!r}, expected a JSON object: {problem}") from problem
    if not isinstance(found, dict):
        raise ConfigError(f'{name} is {text!r}, expected a JSON object such as {{"size": 9}}')
    return found
