"""Plain JSON from text that may be damaged or written by a stranger."""

import json
import math
from collections.abc import Iterable
from typing import Any

from engrax.errors import ConfigError, show

_DEEPEST = 64


def parse_json(text: str, source: str) -> dict[str, Any]:
    """Reads a JSON object.

    Args:
        text: the JSON.
        source: where it is from, for the error.

    Returns:
        The object.

    Raises:
        ConfigError: it is not JSON, not an object, too deep, or has a name twice.
    """
    try:
        value = read_json(text)
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{source}: not valid JSON: {error}") from None
    if not isinstance(value, dict):
        raise ConfigError(f"{source}: expected a JSON object, got {show(value)}")
    return value


def read_json(text: str) -> Any:
    """Reads any JSON value.

    Raises:
        ValueError: it is not JSON, too deep, has a name twice, or a number that is not finite.
        RecursionError: it is nested very deeply.
    """
    value = json.loads(text, object_pairs_hook=_unique, parse_float=_finite, parse_constant=_finite)
    _check_depth(value)
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"{show(twice)} stands twice in one object")
    return dict(pairs)


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text[:40]} is not a number that JSON holds")
    return value


def _check_depth(value: object) -> None:
    level = [value]
    for _ in range(_DEEPEST):
        level = [inner for item in level for inner in _inside(item)]
    if level:
        raise ValueError(f"it is nested deeper than {_DEEPEST} levels")


def _inside(value: object) -> Iterable[Any]:
    return value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
