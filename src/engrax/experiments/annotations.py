"""The types of a config's settings, and what they take, in words."""

import dataclasses
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

PLAIN = {int: "an integer", float: "a finite number", bool: "true or false", str: "a string", NoneType: "none"}
"""The types that hold one value, in words."""


def kinds(annotation: Any) -> dict[str, type]:
    """The dataclasses of a union by what their `kind` is; empty if nothing needs telling apart."""
    members = dataclasses_of(annotation)
    if len(members) < 2:
        return {}
    return {get_args(get_type_hints(member)["kind"])[0]: member for member in members}


def union_members(annotation: Any) -> tuple[Any, ...]:
    """What a union offers; anything else offers itself."""
    return get_args(annotation) if get_origin(annotation) in (Union, UnionType) else (annotation,)


def dataclasses_of(annotation: Any) -> list[type]:
    """The dataclasses among what a union offers."""
    return [member for member in union_members(annotation) if dataclasses.is_dataclass(member)]  # pyright: ignore


def describe(annotation: Any) -> str:
    """What values a setting takes, in words."""
    if annotation in PLAIN:
        return PLAIN[annotation]
    if get_origin(annotation) is Literal:
        return "one of " + ", ".join(map(str, get_args(annotation)))
    if get_origin(annotation) is tuple:
        items = get_args(annotation)
        return f"a list, each {describe(items[0])}" if items[-1] is Ellipsis else f"a list of {len(items)}"
    if found := kinds(annotation):
        return "one of " + ", ".join(found)
    if dataclasses.is_dataclass(annotation):
        return "a group of settings"
    return " or ".join(describe(member) for member in union_members(annotation))
