"""Nested frozen dataclasses as plain JSON, and back, strictly.

What a config may hold: dataclasses (equinox modules among them), `int`, `float`, `bool`, `str`,
`Literal`, `tuple`, `X | None`, and base classes that have a registry, whose entry `kind` is the
name there. `decode(encode(x)) == x`, exactly. Whatever does not fit is a `ConfigError`: one line
that names the setting, the value, and what was expected.
"""

import dataclasses
import math
from collections.abc import Mapping
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin

from engrax.errors import ConfigError, show, suggest
from engrax.experiments.annotations import (
    KIND,
    PLAIN,
    describe,
    fields_of,
    items_of,
    registry_of,
    union_members,
)
from engrax.experiments.plain import read_json
from engrax.experiments.registries import REGISTRIES, kind_of, name_in

T = TypeVar("T")


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
        ConfigError: a number is not finite, which JSON cannot hold, or a class is in no registry.
        TypeError: a value is of a type that configs do not hold.
    """
    return _encode(type(config), config)


def decode(config: type[T], data: object) -> T:
    """A config from its plain JSON; settings that are left out take their defaults.

    Args:
        config: the dataclass, or a base class that has a registry.
        data: plain JSON, as `encode` gives it; strings may be `Text`.

    Returns:
        The dataclass, with its own checks passed.

    Raises:
        ConfigError: a setting is unknown or missing, or its value does not fit.
    """
    return _decode(config, data, "")


def _encode(annotation: Any, value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = fields_of(type(value)).items()
        settings = {name: _encode(field.annotation, getattr(value, name)) for name, field in fields}
        return _kind(annotation, value) | settings
    if isinstance(value, tuple):
        items = items_of(annotation, len(value)) or [None] * len(value)
        return [_encode(item, each) for item, each in zip(items, value, strict=True)]
    if isinstance(value, float) and not math.isfinite(value):
        raise ConfigError(f"a config cannot hold {value}; numbers must be finite")
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise TypeError(f"a config cannot hold a {type(value).__name__}: {value!r}")


def _kind(annotation: Any, value: object) -> dict[str, str]:
    """The entry `kind`, for what has a name in a registry, or should have one."""
    named = any(name_in(registry, value) for registry in REGISTRIES.values())
    return {KIND: kind_of(value)} if named or registry_of(annotation) else {}


def _decode(annotation: Any, value: Any, path: str) -> Any:
    registry = registry_of(annotation)
    if registry and (isinstance(value, Mapping) or NoneType not in union_members(annotation)):
        return _registered(registry, annotation, value, path)
    if get_origin(annotation) in (Union, UnionType):
        return _union(annotation, value, path)
    if dataclasses.is_dataclass(annotation):
        return _dataclass(annotation, value, path)
    if get_origin(annotation) is tuple:
        return _tuple(annotation, value, path)
    if get_origin(annotation) is Literal:
        return _literal(annotation, value, path)
    if annotation in PLAIN:
        return _scalar(annotation, value, path)
    raise TypeError(f"{path}: configs do not hold {annotation}")


def _union(annotation: Any, value: Any, path: str) -> Any:
    for member in union_members(annotation):
        # A Text fits `str` whatever it says, so it is tried as narrower types first.
        try:
            return _decode(member, value, path)
        except ConfigError:
            if isinstance(value, Mapping) and dataclasses.is_dataclass(member):
                raise
    raise _unfit(annotation, value, path)


def _registered(registry: Mapping[str, type], annotation: Any, value: Any, path: str) -> Any:
    if not isinstance(value, Mapping):
        raise _unfit(annotation, value, path)
    if KIND not in value:
        raise ConfigError(f"{_join(path, KIND)} is missing: expected {describe(annotation)}")
    kind = value[KIND]
    if not isinstance(kind, str) or kind not in registry:
        raise ConfigError(
            f"{_join(path, KIND)}: {show(kind)} is not known; {suggest(str(kind), registry)}"
        )
    return _dataclass(
        registry[kind], {name: item for name, item in value.items() if name != KIND}, path
    )


def _dataclass(config: Any, data: Any, path: str) -> Any:
    if not isinstance(data, Mapping):
        raise _unfit(config, data, path)
    fields = fields_of(config)
    for name in data:
        if name not in fields:
            raise ConfigError(
                f"{_at(path)}unknown setting {show(name)}; {suggest(str(name), fields)}"
            )
    for name, field in fields.items():
        if name not in data and field.default is None:
            raise ConfigError(
                f"{_join(path, name)} is missing: expected {describe(field.annotation)}"
            )
    values = {
        name: _decode(fields[name].annotation, item, _join(path, name))
        for name, item in data.items()
    }
    try:
        return config(**values)
    except (ValueError, ArithmeticError) as error:
        raise ConfigError(f"{_at(path)}{error}") from error


def _tuple(annotation: Any, value: Any, path: str) -> tuple[Any, ...]:
    if isinstance(value, Text):
        value = _typed_list(annotation, value, path)
    if not isinstance(value, list | tuple):
        raise _unfit(annotation, value, path)
    items = items_of(annotation, len(value))
    if len(items) != len(value):
        raise _unfit(annotation, value, path)
    return tuple(_decode(items[i], value[i], f"{path}[{i}]") for i in range(len(items)))


def _typed_list(annotation: Any, text: Text, path: str) -> Any:
    if not registry_of(get_args(annotation)[0]):
        return [Text(item.strip()) for item in text.split(",") if item.strip()]
    try:
        return read_json(text)
    except (ValueError, RecursionError):
        raise ConfigError(f"{path}: expected a list in JSON, got {show(text)}") from None


def _literal(annotation: Any, value: Any, path: str) -> Any:
    for choice in get_args(annotation):
        if type(value) is type(choice) and value == choice:
            return choice
        if isinstance(value, Text) and value == str(choice):
            return choice
    near = suggest(str(value), map(str, get_args(annotation)), otherwise="")
    meant = f"; {near}" if near else ""
    raise ConfigError(f"{_unfit(annotation, value, path)}{meant}")


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
