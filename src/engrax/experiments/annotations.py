"""The types of a config's settings, and the values they take, in words."""

import dataclasses
import functools
from collections.abc import Mapping
from types import NoneType, UnionType
from typing import Any, Literal, NamedTuple, Union, get_args, get_origin, get_type_hints

from engrax.experiments.registries import REGISTRIES

PLAIN = {int: "an integer", float: "a finite number", bool: "true or false", str: "a string", NoneType: "none"}
"""The types that hold one value, in words."""

KIND = "kind"
"""The entry of plain JSON that holds a registry's name; no setting may be called so."""


class Field(NamedTuple):
    """A field of a config.

    Attributes:
        annotation: its type.
        default: makes its default; None if a value must be given.
    """

    annotation: Any
    default: Any


@functools.cache
def fields_of(config: type) -> Mapping[str, Field]:
    """The settings of a dataclass: the fields that its constructor takes, by name."""
    hints = get_type_hints(config)
    fields = [field for field in dataclasses.fields(config) if field.init and field.name != KIND]
    return {field.name: Field(hints[field.name], _default(field)) for field in fields}


def registry_of(annotation: Any) -> Mapping[str, type]:
    """The classes that an annotation offers, by name; empty if it is no base class that has a registry."""
    for member in union_members(annotation):
        base = get_origin(member) or member
        if base in REGISTRIES:
            return REGISTRIES[base]
    return {}


def union_members(annotation: Any) -> tuple[Any, ...]:
    """The members of a union; of anything else, itself."""
    return get_args(annotation) if get_origin(annotation) in (Union, UnionType) else (annotation,)


def group_of(annotation: Any) -> type | None:
    """The dataclass whose settings an annotation holds, if it holds those of one and the same class."""
    if registry_of(annotation):
        return None
    return next((member for member in union_members(annotation) if dataclasses.is_dataclass(member)), None)  # pyright: ignore


def describe(annotation: Any) -> str:
    """The values that a setting takes, in words."""
    if annotation in PLAIN:
        return PLAIN[annotation]
    if get_origin(annotation) is Literal:
        return "one of " + ", ".join(map(str, get_args(annotation)))
    if get_origin(annotation) is tuple:
        items = get_args(annotation)
        return f"a list, each {describe(items[0])}" if items[-1] is Ellipsis else f"a list of {len(items)}"
    members = union_members(annotation)
    if len(members) > 1:
        return " or ".join(describe(member) for member in members)
    if registry := registry_of(annotation):
        return "one of " + ", ".join(registry)
    return "a group of settings"


def _default(field: dataclasses.Field[Any]) -> Any:
    if field.default is not dataclasses.MISSING:
        return lambda: field.default
    return None if field.default_factory is dataclasses.MISSING else field.default_factory
