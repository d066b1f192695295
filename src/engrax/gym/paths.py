"""Where spaces lie inside Dict and Tuple spaces."""

from typing import Any

from gymnasium import Space, spaces

from engrax.errors import ConfigError

Path = tuple[str | int, ...]
"""Keys and indices, from the outside in."""


def leaves_of(space: Space[Any], path: Path = ()) -> list[tuple[Path, Space[Any]]]:
    """The spaces inside Dict and Tuple spaces, with their paths; other spaces are leaves."""
    if isinstance(space, spaces.Dict):
        inner = list(space.spaces.items())
    elif isinstance(space, spaces.Tuple):
        inner = list(enumerate(space.spaces))
    else:
        return [(path, space)]
    return [leaf for key, one in inner for leaf in leaves_of(one, (*path, key))]


def follow(value: Any, path: Path) -> Any:
    """The leaf of a value, or of a batch of values, at a path."""
    for key in path:
        value = value[key]
    return value


def dotted(path: Path) -> str:
    """A path in one word, such as "pair.0"."""
    return ".".join(map(str, path))


def shape_error(here: str, found: tuple[int, ...], said: tuple[int, ...]) -> ConfigError:
    """The error for a value whose shape is not that of its space."""
    return ConfigError(
        f"{here}: a value has shape {found}, but the space says {said}: the environment must keep "
        "to its space"
    )


def place(kind: str, path: Path) -> str:
    """A place in a space, for error messages, such as "observation space at 'pair.0'"."""
    return f"{kind} space" + (f" at {dotted(path)!r}" if path else "")
