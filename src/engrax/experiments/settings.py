"""The settings of an experiment by dotted names: what there is, and changes by typed values."""

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import NoneType
from typing import Any, Literal, NamedTuple, TypeVar, get_args, get_origin

from engrax.errors import ConfigError, UserError, show, suggest
from engrax.experiments.annotations import KIND, fields_of, group_of, registry_of, union_members
from engrax.experiments.codec import Text, decode, encode
from engrax.experiments.docs import attribute_docs

T = TypeVar("T")

MEMORY = "memory"
"""`--memory` is short for the setting of the agent that holds its memory."""
HOLDERS = ("agent.memory", "agent.store")
"""The settings that `memory` is short for: the first that the agent has."""

_SEE_HELP = "`engrax train PRESET --help` lists them all"
_METAVARS = {int: "INT", float: "NUMBER", bool: "{true,false}", str: "TEXT", NoneType: "none"}


class Setting(NamedTuple):
    """One thing that can be set.

    Attributes:
        path: its dotted name.
        annotation: its type.
        holder: the part of the plain JSON that it stands in, under the last part of its name.
        doc: what it means.
    """

    path: str
    annotation: Any
    holder: dict[str, Any]
    doc: str

    @property
    def name(self) -> str:
        """The last part of its dotted name."""
        return self.path.rpartition(".")[2]

    @property
    def value(self) -> str:
        """Its value now, as one would type it."""
        value = self.holder.get(self.name)
        if isinstance(value, dict):
            return value.get(KIND, "set below")
        return as_typed(value)

    @property
    def metavar(self) -> str:
        """The values it takes, in short."""
        return _metavar(self.annotation)


def split_settings(
    words: Sequence[str], reserved: Sequence[str]
) -> tuple[list[str], dict[str, str]]:
    """Separates `--any.setting value` and `--any.setting=value` from a command's own arguments.

    Args:
        words: the command line after the command.
        reserved: the options of the command itself, such as `--out`; they stay with its arguments.

    Returns:
        The command's own arguments, and the settings by their dotted names.

    Raises:
        UserError: a setting has no value, or is given twice.
    """
    own: list[str] = []
    settings: dict[str, str] = {}
    rest = list(words)
    while rest:
        word = rest.pop(0)
        name, equals, value = word.partition("=")
        if name in reserved or not name.startswith("--"):
            own.append(word)
            continue
        if not equals:
            value = _next_value(name, rest)
        if name[2:] in settings:
            raise UserError(f"{show(name)} is given twice; give it once")
        settings[name[2:]] = value
    return own, settings


def override(experiment: T, settings: Mapping[str, str]) -> T:
    """An experiment with some settings changed.

    A setting that names a class is switched by its kind, `agent.memory` or `agent.memory.kind`, and
    then starts from the defaults of that class. `memory` is short for `agent.memory`, or for the
    `agent.store` of an agent with one.

    Args:
        experiment: where to start from, a dataclass.
        settings: values as typed, by dotted names.

    Returns:
        The changed experiment.

    Raises:
        ConfigError: a name is not known or given twice, or a value does not fit.
    """
    data = encode(experiment)
    seen: dict[str, str] = {}
    for typed, value in sorted(settings.items(), key=_depth):
        known = {setting.path: setting for setting in list_settings(type(experiment), data)}
        path = _in_full(typed.removesuffix(f".{KIND}"), known)
        if path in seen:
            raise ConfigError(
                f"--{seen[path]} and --{typed} are the same setting: give one of them"
            )
        seen[path] = typed
        setting = _find(path, typed, known)
        setting.holder[setting.name] = _plain(setting, Text(value))
    return decode(type(experiment), data)


def list_settings(config: Any, data: dict[str, Any], prefix: str = "") -> Iterator[Setting]:
    """Everything that can be set, in the order of the dataclasses' fields.

    Args:
        config: a dataclass.
        data: its plain JSON; defaults of what it leaves out are filled in.
        prefix: the dotted name it stands under, with a dot at its end.

    Yields:
        A `Setting` a leaf, and one a setting that names a class; below that, the settings of the
        class chosen.
    """
    docs = attribute_docs(config)
    for name, field in fields_of(config).items():
        if name not in data and field.default is not None:
            data[name] = encode(field.default())
        value, path = data.get(name), prefix + name
        group = _chosen(field.annotation, value)
        if group is None or group is not field.annotation:
            yield Setting(path, field.annotation, data, docs.get(name, ""))
        if group is not None and isinstance(value, dict):
            yield from list_settings(group, value, f"{path}.")


def _next_value(name: str, rest: list[str]) -> str:
    if not rest or rest[0].startswith("--"):
        raise UserError(f"{show(name)} needs a value: {name} VALUE")
    return rest.pop(0)


def _depth(item: tuple[str, str]) -> int:
    """Outermost first: a kind decides which settings exist below it."""
    path = item[0].removesuffix(f".{KIND}")
    return path.count(".") + (path.partition(".")[0] == MEMORY)


def _in_full(path: str, known: Iterable[str]) -> str:
    first, dot, rest = path.partition(".")
    if first != MEMORY or first in known:
        return path
    named = {".".join(name.split(".")[:2]) for name in known}
    holder = next((holder for holder in HOLDERS if holder in named), HOLDERS[0])
    return holder + dot + rest


def _find(path: str, typed: str, known: Mapping[str, Setting]) -> Setting:
    if path in known:
        return known[path]
    if any(name.startswith(f"{path}.") for name in known):
        raise ConfigError(_is_group(path, typed))
    near = _near(path, list(known))
    way_out = f"did you mean --{' or --'.join(near)}?" if near else _SEE_HELP
    raise ConfigError(f"unknown setting {show('--' + typed)}; {way_out}")


def _is_group(path: str, typed: str) -> str:
    if path in HOLDERS:
        return (
            f"--{typed}: this agent takes no other memory, it has its store: set --{path}.rows and "
            "its other settings, or choose --agent actor_critic, which takes any memory"
        )
    return f"--{typed} is a group of settings; set one of those in it: {_SEE_HELP}"


def _near(path: str, known: Sequence[str]) -> list[str]:
    """Settings whose last part is the same or spelt alike, of the same group if possible."""
    last = {name: name.rpartition(".")[2] for name in known}
    group, _, name = path.rpartition(".")
    alike = (
        [name]
        if name in last.values()
        else difflib.get_close_matches(name, set(last.values()), n=1, cutoff=0.75)
    )
    near = [each for each in known if last[each] in alike]
    return [each for each in near if each.rpartition(".")[0] == group] or near[:3]


def _plain(setting: Setting, text: Text) -> Any:
    if NoneType in union_members(setting.annotation) and text.lower() == "none":
        return None
    registry = registry_of(setting.annotation)
    if registry and text not in registry:
        raise ConfigError(f"--{setting.path}: {show(text)} is not known; {suggest(text, registry)}")
    if registry and text == setting.value:
        return setting.holder[setting.name]
    return {KIND: str(text)} if registry else text


def _chosen(annotation: Any, value: Any) -> type | None:
    """The class whose settings stand below a setting."""
    if registry := registry_of(annotation):
        return registry.get(value[KIND]) if isinstance(value, dict) else None
    return group_of(annotation)


def _metavar(annotation: Any) -> str:
    if annotation in _METAVARS:
        return _METAVARS[annotation]
    if get_origin(annotation) is Literal:
        return "{" + ",".join(map(str, get_args(annotation))) + "}"
    if get_origin(annotation) is tuple:
        return f"{_metavar(get_args(annotation)[0])},..."
    named = ["{" + ",".join(registry) + "}"] if (registry := registry_of(annotation)) else []
    members = union_members(annotation)
    others = [member for member in members if not registry_of(member)] if len(members) > 1 else []
    return "|".join([*named, *map(_metavar, others)]) or "GROUP"


def as_typed(value: Any) -> str:
    """A value that is no group of settings, as one would type it."""
    if isinstance(value, list | tuple):
        return ",".join(map(str, value))
    return str(value).lower() if value is None or isinstance(value, bool) else str(value)
