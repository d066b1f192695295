"""The types of a config's settings, and the values they take, in words."""

import dataclasses
import functools
from collections.abc import Mapping, Sequence
from types import NoneType, UnionType
from typing import Any, Literal, NamedTuple, Union, get_args, get_origin, get_type_hints

from engrax.experiments.registries import REGISTRIES

PLAIN = {
    int: "an integer",
    float: "a finite number",
    bool: "true or false",
    str: "a string",
    NoneType: "none",
}
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
    """The settings of a dataclass: the fields that its constructor takes, by name.

    Raises:
        TypeError: one is called `kind`.
    """
    hints = get_type_hints(config)
    fields = [field for field in dataclasses.fields(config) if field.init]
    if any(field.name == KIND for field in fields):
        raise TypeError(
            f"{config.__name__} has a field {KIND!r}, which in configs is the registry's name: "
            "rename it"
        )
    return {field.name: Field(hints[field.name], _default(field)) for field in fields}


def registry_of(annotation: Any) -> Mapping[str, type]:
    """The classes that an annotation offers, by name; empty if no registry belongs to it."""
    bases = [get_origin(member) or member for member in union_members(annotation)]
    return {name: found for base in bases for name, found in REGISTRIES.get(base, {}).items()}


def union_members(annotation: Any) -> tuple[Any, ...]:
    """The members of a union; of anything else, itself."""
    return get_args(annotation) if get_origin(annotation) in (Union, UnionType) else (annotation,)


def items_of(annotation: Any, length: int) -> Sequence[Any]:
    """The types of a tuple's items, of `tuple[int, ...]` or `tuple[int, str]`; else empty."""
    for member in union_members(annotation):
        if get_origin(member) is tuple:
            items = get_args(member)
            return items[:1] * length if items[-1] is Ellipsis else items
    return ()


def group_of(annotation: Any) -> type | None:
    """The dataclass whose settings an annotation holds, if it is always the same one."""
    if registry_of(annotation):
        return None
    return next(filter(dataclasses.is_dataclass, union_members(annotation)), None)


def describe(annotation: Any) -> str:
    """The values that a setting takes, in words."""
    if annotation in PLAIN:
        return PLAIN[annotation]
    if get_origin(annotation) is Literal:
        return "one of " + ", ".join(map(str, get_args(annotation)))
    if get_origin(annotation) is tuple:
        items = get_args(annotation)
        every = f"a list, each {describe(items[0])}"
        return every if items[-1] is Ellipsis else f"a list of {len(items)}"
    return " or ".join(_alternatives(annotation)) or "a group of settings"


def _alternatives(annotation: Any) -> list[str]:
    """What each member of a union takes; the names in registries together."""
    named = ["one of " + ", ".join(registry)] if (registry := registry_of(annotation)) else []
    members = union_members(annotation)
    others = [member for member in members if not registry_of(member)] if len(members) > 1 else []
    return [*named, *map(describe, others)]


def _default(field: dataclasses.Field[Any]) -> Any:
    if field.default is not dataclasses.MISSING:
        return lambda: field.default
    return None if field.default_factory is dataclasses.MISSING else field.default_factory
