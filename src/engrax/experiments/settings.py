"""The settings of an experiment on the command line: `--memory.width 64`, and what there is to set."""

import ast
import dataclasses
import difflib
import functools
import inspect
import itertools
import textwrap
from collections.abc import Iterator, Sequence
from types import NoneType
from typing import Any, Literal, NamedTuple, TypeVar, get_args, get_origin, get_type_hints

from engrax.errors import ConfigError, UserError
from engrax.experiments.annotations import dataclasses_of, kinds, union_members
from engrax.experiments.codec import Text, decode, encode, show, suggest

T = TypeVar("T")

_SEE_HELP = "`engrax train PRESET --help` lists them all"
_METAVARS = {int: "INT", float: "NUMBER", bool: "{true,false}", str: "TEXT", NoneType: "none"}


class Setting(NamedTuple):
    """One thing that can be set.

    Attributes:
        path: its dotted name.
        annotation: what it holds.
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
            return value.get("kind", "set below")
        return ",".join(map(str, value)) if isinstance(value, list) else _typed(value)

    @property
    def metavar(self) -> str:
        """What it takes, in short."""
        return _metavar(self.annotation)


def split_settings(words: Sequence[str], reserved: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """Separates `--any.setting value` and `--any.setting=value` from a command's own arguments.

    Args:
        words: the command line after the command.
        reserved: the options of the command itself, such as `--out`; they stay with the command's arguments.

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


def override(experiment: T, settings: dict[str, str]) -> T:
    """An experiment with some settings changed.

    A group that offers kinds is switched by name, `memory` or `memory.kind`, and then starts from that kind's defaults.

    Args:
        experiment: where to start from, a dataclass.
        settings: values as typed, by dotted names.

    Returns:
        The changed experiment.

    Raises:
        ConfigError: a name is not known, or a value does not fit.
    """
    data = encode(experiment)
    typed = {path.removesuffix(".kind"): value for path, value in settings.items()}
    # Outermost first: a kind decides which settings exist below it.
    for path in sorted(typed, key=lambda path: path.count(".")):
        setting = _find(type(experiment), data, path)
        setting.holder[setting.name] = _plain(setting, Text(typed[path]))
    return decode(type(experiment), data)


def list_settings(config: Any, data: dict[str, Any], prefix: str = "") -> Iterator[Setting]:
    """Everything that can be set, in the order of the dataclasses' fields.

    Args:
        config: a dataclass.
        data: its plain JSON; defaults of what it leaves out are filled in.
        prefix: the dotted name it stands under, with a dot at its end.

    Yields:
        A `Setting` a leaf, and one a group that offers kinds; below that, the settings of the kind chosen.
    """
    hints, docs = get_type_hints(config), attribute_docs(config)
    for field in dataclasses.fields(config):
        if field.name == "kind":
            continue
        _fill(field, data)
        hint, value, path = hints[field.name], data.get(field.name), prefix + field.name
        group = _chosen(hint, value)
        if group is None or len(union_members(hint)) > 1:
            yield Setting(path, hint, data, docs.get(field.name, ""))
        if group is not None and isinstance(value, dict):
            yield from list_settings(group, value, f"{path}.")


@functools.cache
def attribute_docs(config: Any) -> dict[str, str]:
    """The strings that stand below the fields of a class, and of those it inherits from, by field."""
    try:
        body = ast.parse(textwrap.dedent(inspect.getsource(config))).body[0]
    except (OSError, TypeError):
        return {}
    inherited = [attribute_docs(base) for base in reversed(config.__bases__)]
    docs: dict[str, str] = {name: doc for documented in inherited for name, doc in documented.items()}
    statements = body.body if isinstance(body, ast.ClassDef) else []
    for field, below in itertools.pairwise(statements):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and isinstance(below, ast.Expr):
            docs[field.target.id] = " ".join(str(getattr(below.value, "value", "")).split())
    return docs


def _next_value(name: str, rest: list[str]) -> str:
    if not rest or rest[0].startswith("--"):
        raise UserError(f"{show(name)} needs a value: {name} VALUE")
    return rest.pop(0)


def _find(config: Any, data: dict[str, Any], path: str) -> Setting:
    known = {setting.path: setting for setting in list_settings(config, data)}
    if path in known:
        return known[path]
    if any(name.startswith(f"{path}.") for name in known):
        raise ConfigError(f"--{path} is a group of settings; set one of those in it: {_SEE_HELP}")
    near = _near(path, list(known))
    way_out = f"did you mean --{' or --'.join(near)}?" if near else _SEE_HELP
    raise ConfigError(f"unknown setting {show('--' + path)}; {way_out}")


def _near(path: str, known: Sequence[str]) -> list[str]:
    """Settings in other groups with the same name, or else those that are spelt alike."""
    last = {name: name.rpartition(".")[2] for name in known}
    name = path.rpartition(".")[2]
    if same := [each for each in known if last[each] == name]:
        return same[:3]
    if near := difflib.get_close_matches(path, known, n=1, cutoff=0.8):
        return near
    ends = difflib.get_close_matches(name, set(last.values()), n=1)
    return [each for each in known if last[each] in ends][:3]


def _plain(setting: Setting, text: Text) -> Any:
    if NoneType in union_members(setting.annotation) and text.lower() == "none":
        return None
    found = kinds(setting.annotation)
    if found and text not in found:
        raise ConfigError(f"--{setting.path}: {show(text)} is not known; {suggest(text, found)}")
    if found and text == setting.value:
        return setting.holder[setting.name]
    return {"kind": str(text)} if found else text


def _fill(field: dataclasses.Field[Any], data: dict[str, Any]) -> None:
    if field.name in data:
        return
    if field.default is not dataclasses.MISSING:
        data[field.name] = encode(field.default)
    elif field.default_factory is not dataclasses.MISSING:
        data[field.name] = encode(field.default_factory())


def _chosen(annotation: Any, value: Any) -> type | None:
    if found := kinds(annotation):
        return found.get(value["kind"]) if isinstance(value, dict) else None
    return next(iter(dataclasses_of(annotation)), None)


def _metavar(annotation: Any) -> str:
    if annotation in _METAVARS:
        return _METAVARS[annotation]
    if get_origin(annotation) is Literal:
        return "{" + ",".join(map(str, get_args(annotation))) + "}"
    if get_origin(annotation) is tuple:
        return f"{_metavar(get_args(annotation)[0])},..."
    if found := kinds(annotation):
        return "{" + ",".join(found) + "}"
    return "|".join(_metavar(member) for member in union_members(annotation))


def _typed(value: Any) -> str:
    return str(value).lower() if value is None or isinstance(value, bool) else str(value)
