"""The shared block of memory in which a worker process shows what its environments did.

Nothing here imports JAX: worker processes use it.
"""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from gymnasium import Space, spaces

from engrax.errors import ConfigError
from engrax.gym.paths import Path, follow, leaves_of, place, shape_error

Arrays = dict[Path | str, np.ndarray]
"""Parts of a block, `[n, ...]` each: observations by path, and the rest by name."""

FIXED = spaces.Box | spaces.Discrete | spaces.MultiDiscrete | spaces.MultiBinary
"""Spaces whose values have one shape."""
ALIGNMENT = 64
"""Bytes; every part begins at a multiple."""


class Place(NamedTuple):
    """Where a part of a block is: `[n, *shape]` of a dtype, so many bytes from the start."""

    shape: tuple[int, ...]
    dtype: str
    offset: int


class Layout(NamedTuple):
    """How the observations of n environments, their rewards and their ends lie in a block.

    Attributes:
        streams: n.
        paths: of the observations' arrays.
        places: by the path in the observation's space, or by name: `reward`, `terminated`,
            `truncated`, and `cpu_seconds` of the process, in the first row.
        objects: the paths of what has no fixed size, such as a text; it is sent beside the block.
        size: bytes in all.
    """

    streams: int
    paths: tuple[Path, ...]
    places: Mapping[Path | str, Place]
    objects: tuple[Path, ...]
    size: int

    def arrays(self, block: Any) -> Arrays:
        """The parts of a block, which share its memory."""
        return {name: self._array(block, one) for name, one in self.places.items()}

    def _array(self, block: Any, one: Place) -> np.ndarray:
        shape = (self.streams, *one.shape)
        flat = np.frombuffer(block, one.dtype, math.prod(shape), one.offset)
        return flat.reshape(shape)


def layout_of(space: Space[Any], streams: int) -> Layout:
    """The layout for so many environments with this space of observations."""
    fixed = {path: _fixed(leaf) for path, leaf in leaves_of(space)}
    kinds: dict[Path | str, tuple[tuple[int, ...], str]] = {
        path: kind for path, kind in fixed.items() if kind is not None
    }
    kinds |= {"reward": ((), "<f8"), "terminated": ((), "?"), "truncated": ((), "?")}
    kinds["cpu_seconds"] = ((), "<f8")
    places, offset = {}, 0
    for name, (shape, dtype) in kinds.items():
        places[name] = Place(shape, dtype, offset)
        size = streams * math.prod(shape) * np.dtype(dtype).itemsize
        offset += -(-size // ALIGNMENT) * ALIGNMENT
    paths = tuple(path for path, kind in fixed.items() if kind is not None)
    objects = tuple(path for path, kind in fixed.items() if kind is None)
    return Layout(streams, paths, places, objects, offset)


def _fixed(space: Space[Any]) -> tuple[tuple[int, ...], str] | None:
    """Shape and dtype of what a space contains; None where these are not fixed."""
    if not isinstance(space, FIXED):
        return None
    assert space.shape is not None
    return tuple(space.shape), np.dtype(space.dtype).str


def write_observation(arrays: Arrays, layout: Layout, stream: int, observation: Any) -> None:
    """Writes a stream's observation.

    Raises:
        ConfigError: it has another shape than its space says, or values that its dtype cannot hold.
    """
    for path in layout.paths:
        value, part = np.asarray(follow(observation, path)), arrays[path]
        if value.shape != (shape := part.shape[1:]):
            raise shape_error(place("observation", path), value.shape, shape)
        part[stream] = value
        if part.dtype.kind != "f" and value.dtype != part.dtype and (part[stream] != value).any():
            raise ConfigError(
                f"{place('observation', path)}: a value is {value.dtype}, and {part.dtype}, as the "
                "space says, cannot hold it: the environment must keep to its space"
            )


def nested(leaves: Mapping[Path, Any]) -> Any:
    """Leaves by path as `engrax.gym.paths.follow` finds them."""
    if () in leaves:
        return leaves[()]
    whole: dict[Any, Any] = {}
    for path, leaf in leaves.items():
        inner = whole
        for key in path[:-1]:
            inner = inner.setdefault(key, {})
        inner[path[-1]] = leaf
    return whole
