"""From spaces of observations to the parts that agents see."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any, Literal

import numpy as np
from gymnasium import Space, spaces

from engrax.errors import ConfigError
from engrax.gym.words import is_text, token_ids, vocabulary_of
from engrax.types import ImageSpec, Spec, SymbolsSpec, TextSpec, VectorSpec

Path = tuple[str | int, ...]
"""Where a space lies inside Dict and Tuple spaces: keys and indices."""

ImageAs = Literal["auto", "pixels", "symbols"]
SMALL = 16
"""A Box of uint8 whose edges are at most this long is read as symbols: pictures are larger."""
FEW = 64
"""A Box of uint8 with fewer values than this is read as symbols: pictures have 256."""


@dataclass(frozen=True)
class ObservationOptions:
    """How observations are read, where their space leaves it open."""

    image_as: ImageAs = "auto"
    """What a Box of uint8 of rank 2 or 3 is: a picture ("pixels") or a grid of categories ("symbols")."""
    symbol_sizes: tuple[int, ...] = ()
    """Values of each feature of such a grid, one a channel; empty: the Box's largest value + 1."""
    words: tuple[str, ...] = ()
    """The words of texts."""
    text_length: int = 0
    """Words of a text; 0: those of the longest that was found."""


@dataclass(frozen=True)
class Part:
    """One part of an observation.

    Attributes:
        name: its path with dots, such as "pair.0"; for a space that is not nested, its kind.
        path: where it lies.
        spec: what agents see of it.
        convert: from a batch of leaves, `[n, ...]` or n texts, to `[n, *spec.shape]`.
        note: what was decided about it, in one line; empty where nothing was.
    """

    name: str
    path: Path
    spec: Spec
    convert: Callable[[Any], np.ndarray]
    note: str = ""


def parts_of(space: Space[Any], options: ObservationOptions) -> tuple[Part, ...]:
    """The parts of a space of observations.

    Raises:
        ConfigError: a space of a kind that no agent can see; its path is named.
    """
    parts = tuple(_part(path, leaf, options) for path, leaf in leaves_of(space))
    names = [part.name for part in parts]
    if repeated := {name for name in names if names.count(name) > 1}:
        raise ConfigError(f"observation space: two parts are called {min(repeated)!r}: rename a key")
    if not parts:
        raise ConfigError("observation space: it is empty, expected at least one part")
    return parts


def leaves_of(space: Space[Any], path: Path = ()) -> list[tuple[Path, Space[Any]]]:
    """The spaces inside Dict and Tuple spaces, with their paths."""
    if isinstance(space, spaces.Dict):
        inner = list(space.spaces.items())
    elif isinstance(space, spaces.Tuple):
        inner = list(enumerate(space.spaces))
    else:
        return [(path, space)]
    return [leaf for key, one in inner for leaf in leaves_of(one, (*path, key))]


def place(kind: str, path: Path) -> str:
    """A place in a space, for people."""
    return f"{kind} space" + (f" at {'.'.join(map(str, path))!r}" if path else "")


def follow(observation: Any, path: Path) -> Any:
    """The leaf of an observation, or of a batch of observations, at a path."""
    for key in path:
        observation = observation[key]
    return observation


def _part(path: Path, space: Space[Any], options: ObservationOptions) -> Part:
    spec, convert, note = _reading(path, space, options)
    name = ".".join(map(str, path)) or spec.kind
    return Part(name, path, spec, convert, f"observation {name!r}: {note}" if note else "")


Reading = tuple[Spec, Callable[[Any], np.ndarray], str]


def _reading(path: Path, space: Space[Any], options: ObservationOptions) -> Reading:
    if is_text(space):
        return _text(options)
    if isinstance(space, spaces.Box):
        picture = space.dtype == np.uint8 and len(space.shape) in (2, 3)
        return _picture(path, space, options) if picture else _vector(path, space)
    if isinstance(space, spaces.MultiBinary):
        return _vector(path, space)
    if isinstance(space, spaces.Discrete):
        sizes = np.full((1, 1, 1), space.n)
        return _symbols(path, (), np.asarray(space.start), sizes)
    if isinstance(space, spaces.MultiDiscrete):
        return _symbols(path, space.shape, space.start, _grid(space.nvec))
    raise ConfigError(
        f"{place('observation', path)} is {type(space).__name__}, expected Box, Discrete, MultiDiscrete, "
        "MultiBinary, Text, Dict or Tuple: wrap the environment (gymnasium.ObservationWrapper) to give one of these"
    )


def _vector(path: Path, space: spaces.Box | spaces.MultiBinary) -> Reading:
    size = int(np.prod(space.shape))
    if not size:
        raise ConfigError(f"{place('observation', path)} has no numbers (shape {space.shape}): leave it out")

    def convert(batch: Any) -> np.ndarray:
        batch = _batch(path, batch, space.shape)
        return batch.reshape(len(batch), size).astype(np.float32)

    return VectorSpec(size), convert, ""


def _grid(sizes: np.ndarray) -> np.ndarray:
    """Sizes as `[h, w, features]`: a grid where all squares are alike, else one square with a feature for each."""
    grid = sizes[..., None] if sizes.ndim == 2 else sizes
    alike = grid.ndim == 3 and (grid == grid[0, 0]).all()
    return grid if alike else sizes.reshape(1, 1, -1)


def _symbols(path: Path, shape: tuple[int, ...], start: np.ndarray, sizes: np.ndarray) -> Reading:
    """Categories `[h, w, features]`, counted from `start`."""
    spec = SymbolsSpec(*sizes.shape[:2], tuple(map(int, sizes[0, 0])))
    limits, check = np.array(spec.sizes), partial(_check_range, path, spec)

    def convert(batch: Any) -> np.ndarray:
        batch = _batch(path, batch, shape)
        batch = (batch - start if start.any() else batch).reshape(len(batch), *spec.shape)
        check(batch, limits)
        return batch.astype(spec.dtype, order="C")

    return spec, convert, ""


def _check_range(path: Path, spec: SymbolsSpec, batch: np.ndarray, limits: np.ndarray) -> None:
    wrong = (batch >= limits) | (batch < 0)
    if wrong.any():
        feature = int(np.argwhere(wrong)[0, -1])
        raise ConfigError(
            f"{place('observation', path)}: feature {feature} is {batch[wrong][0]}, expected 0 to "
            f"{spec.sizes[feature] - 1}: set symbol_sizes, or put the space right"
        )


def _picture(path: Path, space: spaces.Box, options: ObservationOptions) -> Reading:
    """A picture or a grid of categories, `[h, w]`, `[h, w, c]` or `[c, h, w]`."""
    shape = space.shape
    first = len(shape) == 3 and shape[0] < min(shape[1:])
    height, width, channels = (shape[1], shape[2], shape[0]) if first else (*shape, 1)[:3]
    likely = max(height, width) <= SMALL or int(space.high.max()) < FEW
    as_symbols = options.image_as == "symbols" or (options.image_as == "auto" and likely)
    sizes = _sizes(path, space, channels, first, options) if as_symbols else ()
    spec = SymbolsSpec(height, width, sizes) if as_symbols else ImageSpec(height, width, channels)
    limits = np.array(sizes) if as_symbols and min(sizes) < 256 else None

    def convert(batch: Any) -> np.ndarray:
        batch = _batch(path, batch, shape)
        batch = batch.transpose(0, 2, 3, 1) if first else batch
        batch = batch.reshape(len(batch), *spec.shape)
        if limits is not None:
            _check_range(path, spec, batch, limits)
        return batch.astype(spec.dtype, order="C")

    return spec, convert, _picture_note(shape, first, sizes, options)


def _sizes(path: Path, space: spaces.Box, channels: int, first: bool, options: ObservationOptions) -> tuple[int, ...]:
    """How many values each feature has: as set, else as the Box allows."""
    if not options.symbol_sizes:
        high = space.high if len(space.shape) == 3 else space.high[..., None]
        high = high.max(axis=(1, 2) if first else (0, 1))
        return tuple(int(value) + 1 for value in high)
    if len(options.symbol_sizes) != channels:
        raise ConfigError(
            f"symbol_sizes is {options.symbol_sizes}, but {place('observation', path)} has {channels} "
            f"channels: give {channels} sizes"
        )
    return options.symbol_sizes


def _picture_note(shape: tuple[int, ...], first: bool, sizes: tuple[int, ...], options: ObservationOptions) -> str:
    order = ", channels first" if first else ""
    size = " x ".join(map(str, shape))
    if not sizes:
        return f"uint8 {size}{order}, read as a picture; image_as symbols reads it as categories"
    values = ", ".join(map(str, sizes))
    if options.image_as == "symbols":
        return f"uint8 {size}{order}, read as symbols of {values} values"
    return f"uint8 {size}{order}, read as symbols of {values} values; image_as pixels reads a picture"


def _text(options: ObservationOptions) -> Reading:
    spec = TextSpec(max(options.text_length, 1), vocabulary_of(options.words))
    tokens = lru_cache(maxsize=4096)(lambda text: token_ids(text, spec.length, spec.vocabulary))

    def convert(batch: Sequence[str]) -> np.ndarray:
        return np.stack([tokens(text) for text in batch])

    note = f"texts of {spec.length} words by a vocabulary of {len(options.words)}; longer ones are cut"
    return spec, convert, note


def _batch(path: Path, batch: Any, shape: tuple[int, ...]) -> np.ndarray:
    """A batch of leaves as an array, checked against the space's shape."""
    batch = np.asarray(batch)
    if batch.shape[1:] != shape:
        raise ConfigError(
            f"{place('observation', path)} has shape {batch.shape[1:]}, but its space says {shape}: "
            "the environment must keep to its space"
        )
    return batch
