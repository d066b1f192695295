"""From spaces of observations to the parts that agents see."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from gymnasium import Space, spaces

from engrax.errors import ConfigError
from engrax.gym.masking import MASK, checked_mask
from engrax.gym.paths import Path, dotted, leaves_of, place
from engrax.gym.pictures import read_picture
from engrax.gym.readings import ObservationOptions, Reading, check_shape, read_symbols
from engrax.gym.words import is_text, tokens_of, vocabulary_of
from engrax.types import MaskSpec, TextSpec, VectorSpec


@dataclass(frozen=True)
class Part:
    """One part of an observation.

    Attributes:
        name: its path with dots, such as "pair.0"; for a space that is not nested, its kind.
        path: where it lies.
        reading: what agents see of it, and how it becomes that.
    """

    name: str
    path: Path
    reading: Reading

    @property
    def note(self) -> str:
        """What was decided about it, in one line; empty where nothing was."""
        return f"observation {self.name!r}: {self.reading.note}" if self.reading.note else ""


def parts_of(
    space: Space[Any], options: ObservationOptions, choices: tuple[int, ...] = ()
) -> tuple[Part, ...]:
    """The parts of a space of observations.

    Args:
        space: of observations.
        options: what it leaves open.
        choices: of each component of an action, for a part `action_mask`.

    Raises:
        ConfigError: a space of a kind that agents cannot see; the message names its path.
    """
    parts = tuple(_part(path, leaf, options, choices) for path, leaf in leaves_of(space))
    names = [part.name for part in parts]
    if repeated := {name for name in names if names.count(name) > 1}:
        raise ConfigError(
            f"observation space: two parts are called {min(repeated)!r}: rename a key"
        )
    if not parts:
        raise ConfigError("observation space: it is empty, expected at least one part")
    return parts


def _part(
    path: Path, space: Space[Any], options: ObservationOptions, choices: tuple[int, ...]
) -> Part:
    if choices and path and path[-1] == MASK:
        return Part(dotted(path), path, _read_mask(choices))
    reading = _reading(path, space, options)
    return Part(dotted(path) or reading.spec.kind, path, reading)


def _reading(path: Path, space: Space[Any], options: ObservationOptions) -> Reading:
    here = place("observation", path)
    if is_text(space):
        return _read_text(options)
    match space:
        case spaces.Box() if space.dtype == np.uint8 and len(space.shape) in (2, 3):
            return read_picture(here, space, options)
        case spaces.Box() | spaces.MultiBinary():
            return _read_vector(here, space.shape)
        case spaces.Discrete():
            return read_symbols(here, (), np.asarray(space.start), np.full((1, 1, 1), space.n))
        case spaces.MultiDiscrete():
            return read_symbols(here, space.nvec.shape, space.start, _as_grid(space.nvec))
    raise ConfigError(
        f"{here} is {type(space).__name__}, expected Box, Discrete, MultiDiscrete, MultiBinary, "
        "Text, Dict or Tuple: wrap the environment (gymnasium.ObservationWrapper) to give one of "
        "these"
    )


def _read_mask(choices: tuple[int, ...]) -> Reading:
    spec = MaskSpec(choices)

    def convert(batch: Any) -> np.ndarray:
        return np.array([checked_mask(mask, sum(choices)) for mask in batch])

    return Reading(spec, convert, "which actions are possible")


def _read_vector(here: str, shape: tuple[int, ...] | None) -> Reading:
    shape = shape or ()
    size = int(np.prod(shape))
    if not size:
        raise ConfigError(f"{here} has no numbers (shape {shape}): leave it out")

    def convert(batch: Any) -> np.ndarray:
        batch = check_shape(here, batch, shape)
        return batch.reshape(len(batch), size).astype(np.float32)

    return Reading(VectorSpec(size), convert)


def _as_grid(sizes: np.ndarray) -> np.ndarray:
    """Sizes as `[h, w, features]`.

    Sizes of rank 2 or 3 are a grid where all its squares are alike. All others are one square with
    a feature for each size.
    """
    grid = sizes[..., None] if sizes.ndim == 2 else sizes
    alike = grid.ndim == 3 and bool((grid == grid[0, 0]).all())
    return grid if alike else sizes.reshape(1, 1, -1)


def _read_text(options: ObservationOptions) -> Reading:
    spec = TextSpec(max(options.text_length, 1), vocabulary_of(options.words))
    tokens = tokens_of(spec.length, spec.vocabulary)

    def convert(batch: Any) -> np.ndarray:
        return np.stack([tokens(text) for text in batch])

    words = f"{spec.length} words by a vocabulary of {len(options.words)}"
    return Reading(spec, convert, f"texts of {words}; longer texts are cut")
