"""Nested frozen dataclasses as plain JSON, and back, strictly.

What a config may hold: dataclasses, `int`, `float`, `bool`, `str`, `Literal`, `tuple`, `X | None`, and unions of
dataclasses told apart by a field such as `kind: Literal["hcam"] = "hcam"`. `decode(encode(x)) == x`, exactly.
Whatever does not fit is a `ConfigError`: one line that names the setting, the value, and what was expected.
"""

import dataclasses
import difflib
import json
import math
import reprlib
from collections.abc import Iterable, Mapping
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from engrax.errors import ConfigError
from engrax.experiments.annotations import PLAIN, describe, kinds, union_members

T = TypeVar("T")

_DEEPEST = 64


class Text(str):
    """A value typed on the command line: it is read as whatever its setting holds."""

    __slots__ = ()


def encode(config: object) -> Any:
    """The plain JSON of a config.

    Args:
        config: a dataclass, or anything a field of it may hold.

    Returns:
        Dicts, lists, strings, numbers, booleans and None.

    Raises:
        ConfigError: a number is not finite, which JSON cannot hold.
        TypeError: a value is of a type that configs do not hold.
    """
    if dataclasses.is_dataclass(config):
        return {field.name: encode(getattr(config, field.name)) for field in dataclasses.fields(config)}
    if isinstance(config, tuple):
        return [encode(item) for item in config]
    if isinstance(config, float) and not math.isfinite(config):
        raise ConfigError(f"a config cannot hold {config}; numbers must be finite")
    if config is None or isinstance(config, bool | int | float | str):
        return config
    raise TypeError(f"a config cannot hold a {type(config).__name__}: {config!r}")


def decode(config: type[T], data: object) -> T:
    """A config from its plain JSON; settings that are left out take their defaults.

    Args:
        config: the dataclass.
        data: plain JSON, as `encode` gives it; strings may be `Text`.

    Returns:
        The dataclass, with its own checks (`__post_init__`) passed.

    Raises:
        ConfigError: a setting is unknown or missing, or its value does not fit.
    """
    return _decode(config, data, "")


def parse_json(text: str, source: str) -> dict[str, Any]:
    """A JSON object from text that may have been damaged or written by a stranger.

    Args:
        text: the JSON.
        source: where it is from, for the error.

    Returns:
        The object.

    Raises:
        ConfigError: it is not JSON, not an object, too deep, or names something twice.
    """
    try:
        value = _loads(text)
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{source}: not valid JSON: {error}") from None
    if not isinstance(value, dict):
        raise ConfigError(f"{source}: expected a JSON object, got {show(value)}")
    return value


def _loads(text: str) -> Any:
    value = json.loads(text, object_pairs_hook=_unique, parse_float=_finite, parse_constant=_finite)
    _check_depth(value)
    return value


def show(value: object) -> str:
    """A value for an error message: never long, always one line."""
    return reprlib.repr(str(value) if isinstance(value, Text) else value)


def suggest(name: str, known: Iterable[str]) -> str:
    """The way out of a wrong name: the nearest that exist, or else all of them."""
    known = list(known)
    near = difflib.get_close_matches(name, known, n=3)
    return f"did you mean {' or '.join(near)}?" if near else f"known: {', '.join(known)}"


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    if len(set(names)) < len(names):
        raise ValueError(f"{show(next(name for name in names if names.count(name) > 1))} stands twice in one object")
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


def _decode(annotation: Any, value: Any, path: str) -> Any:
    if dataclasses.is_dataclass(annotation):
        return _dataclass(annotation, value, path)
    if get_origin(annotation) in (Union, UnionType):
        return _union(annotation, value, path)
    if get_origin(annotation) is tuple:
        return _tuple(annotation, value, path)
    if get_origin(annotation) is Literal:
        return _literal(annotation, value, path)
    if annotation in PLAIN:
        return _scalar(annotation, value, path)
    raise TypeError(f"{path}: configs do not hold {annotation}")


def _dataclass(config: Any, data: Any, path: str) -> Any:
    if not isinstance(data, Mapping):
        raise _unfit(config, data, path)
    hints = get_type_hints(config)
    fields = {field.name: field for field in dataclasses.fields(config)}
    for name in data:
        if name not in fields:
            raise ConfigError(f"{_at(path)}unknown setting {show(name)}; {suggest(str(name), fields)}")
    for name, field in fields.items():
        if name not in data and field.default is field.default_factory is dataclasses.MISSING:
            raise ConfigError(f"{_join(path, name)} is missing: expected {describe(hints[name])}")
    values = {name: _decode(hints[name], item, _join(path, name)) for name, item in data.items()}
    try:
        return config(**values)
    except (ValueError, ArithmeticError) as error:
        raise ConfigError(f"{_at(path)}{error}") from error


def _union(annotation: Any, value: Any, path: str) -> Any:
    found = kinds(annotation)
    if found and isinstance(value, Mapping):
        return _decode(_member(found, value, path), value, path)
    for member in union_members(annotation):
        # A Text fits `str` whatever it says, so it must have had its chance to be something narrower.
        try:
            return _decode(member, value, path)
        except ConfigError:
            if isinstance(value, Mapping) and dataclasses.is_dataclass(member):
                raise
    raise _unfit(annotation, value, path)


def _member(found: Mapping[str, type], value: Mapping[str, Any], path: str) -> type:
    if "kind" not in value:
        raise ConfigError(f"{_join(path, 'kind')} is missing: expected one of {', '.join(found)}")
    kind = value["kind"]
    if not isinstance(kind, str) or kind not in found:
        raise ConfigError(f"{_join(path, 'kind')}: {show(kind)} is not known; {suggest(str(kind), found)}")
    return found[kind]


def _tuple(annotation: Any, value: Any, path: str) -> tuple[Any, ...]:
    if isinstance(value, Text):
        value = _typed_list(annotation, value, path)
    if not isinstance(value, list | tuple):
        raise _unfit(annotation, value, path)
    items = get_args(annotation)
    if items[-1] is Ellipsis:
        items = items[:1] * len(value)
    if len(items) != len(value):
        raise _unfit(annotation, value, path)
    return tuple(_decode(items[i], value[i], f"{path}[{i}]") for i in range(len(items)))


def _typed_list(annotation: Any, text: Text, path: str) -> Any:
    if not kinds(get_args(annotation)[0]):
        return [Text(item.strip()) for item in text.split(",") if item.strip()]
    try:
        return _loads(text)
    except (ValueError, RecursionError):
        raise ConfigError(f"{path}: expected a list in JSON, got {show(str(text))}") from None


def _literal(annotation: Any, value: Any, path: str) -> Any:
    for choice in get_args(annotation):
        if (type(value) is type(choice) and value == choice) or (isinstance(value, Text) and value == str(choice)):
            return choice
    choices = [str(choice) for choice in get_args(annotation)]
    near = difflib.get_close_matches(str(value), choices)
    raise ConfigError(f"{_unfit(annotation, value, path)}" + (f"; did you mean {near[0]}?" if near else ""))


def _scalar(kind: type, value: Any, path: str) -> Any:
    if isinstance(value, Text):
        value = _read(kind, value)
    if kind is float and type(value) is int:
        value = _to_float(value)
    if type(value) is not kind or (kind is float and not math.isfinite(value)):
        raise _unfit(kind, value, path)
    return value


def _read(kind: type, text: Text) -> Any:
    words = {bool: {"true": True, "false": False}, NoneType: {"none": None, "null": None}}.get(kind)
    try:
        return words[text.lower()] if words else kind(text)
    except (KeyError, ValueError):
        return text


def _to_float(value: int) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf


def _unfit(annotation: Any, value: Any, path: str) -> ConfigError:
    return ConfigError(f"{_at(path)}expected {describe(annotation)}, got {show(value)}")


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _at(path: str) -> str:
    return f"{path}: " if path else ""
