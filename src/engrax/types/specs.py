"""Specs of the parts of an observation: shape, dtype, bounds, and random samples.

A spec has a *kind*, such as `image`. Encoders, decoders and loss weights depend on the kind, never
on the name that an environment gives to the part. `engrax.nn.senses.SENSES` lists the kinds that
can be encoded.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from jaxtyping import Array

from engrax.types.spaces import AbstractSpace

Observation = Mapping[str, Array]
"""The observation of a step: one array per part, by its name."""


class AbstractSpec(AbstractSpace):
    """One part of an observation.

    Attributes:
        kind: the name of the kind.
    """

    kind: ClassVar[str]


@dataclass(frozen=True)
class ImageSpec(AbstractSpec):
    """An image: uint8 `[height, width, channels]`, of any size."""

    kind = "image"
    height: int
    width: int
    channels: int = 3

    @property
    def shape(self) -> tuple[int, ...]:
        """[height, width, channels]."""
        return (self.height, self.width, self.channels)

    @property
    def dtype(self) -> np.dtype[Any]:
        """uint8."""
        return np.dtype(np.uint8)

    @property
    def bounds(self) -> tuple[Any, Any]:
        """0 to 255."""
        return 0, 255


@dataclass(frozen=True)
class SymbolsSpec(AbstractSpec):
    """A grid of categorical features `[height, width, len(sizes)]`; feature f takes values
    0..sizes[f]-1.

    The dtype is uint8, or int32 where a feature has more than 256 values. `salience` is the weight
    of each feature when a grid is reconstructed: 1 each where it is empty.
    """

    kind = "symbols"
    height: int
    width: int
    sizes: tuple[int, ...]
    salience: tuple[float, ...] = ()

    @property
    def shape(self) -> tuple[int, ...]:
        """[height, width, features]."""
        return (self.height, self.width, len(self.sizes))

    @property
    def dtype(self) -> np.dtype[Any]:
        """uint8, or int32 for large features."""
        return np.dtype(np.uint8 if max(self.sizes) <= 256 else np.int32)

    @property
    def bounds(self) -> tuple[Any, Any]:
        """0 to one less than the size, feature by feature."""
        return 0, np.asarray(self.sizes) - 1


@dataclass(frozen=True)
class TextSpec(AbstractSpec):
    """A sentence of token ids: int32 `[length]`; token i reads `vocabulary[i]`."""

    kind = "text"
    length: int
    vocabulary: tuple[str, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        """[length]."""
        return (self.length,)

    @property
    def dtype(self) -> np.dtype[Any]:
        """int32."""
        return np.dtype(np.int32)

    @property
    def bounds(self) -> tuple[Any, Any]:
        """0 to the last token."""
        return 0, len(self.vocabulary) - 1


@dataclass(frozen=True)
class VectorSpec(AbstractSpec):
    """Real numbers: float32 `[size]`."""

    kind = "vector"
    size: int

    @property
    def shape(self) -> tuple[int, ...]:
        """[size]."""
        return (self.size,)

    @property
    def dtype(self) -> np.dtype[Any]:
        """float32."""
        return np.dtype(np.float32)

    @property
    def bounds(self) -> tuple[Any, Any]:
        """Any finite number."""
        return np.finfo(np.float32).min, np.finfo(np.float32).max

    def draw(self, numbers: np.random.Generator, leading: tuple[int, ...] = ()) -> np.ndarray:
        """Standard normal numbers `[*leading, size]`."""
        return numbers.standard_normal((*leading, self.size)).astype(np.float32)


@dataclass(frozen=True)
class MaskSpec(AbstractSpec):
    """Which choices of an action are possible: bool `[sum of sizes]`, component after component.

    An agent does not see it: it never takes a choice that is not possible. Where none of a
    component is possible, as where an episode has ended, all are.
    """

    kind = "mask"
    sizes: tuple[int, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        """[sum of sizes]."""
        return (sum(self.sizes),)

    @property
    def dtype(self) -> np.dtype[Any]:
        """bool."""
        return np.dtype(bool)

    @property
    def bounds(self) -> tuple[Any, Any]:
        """False to true."""
        return False, True

    def draw(self, numbers: np.random.Generator, leading: tuple[int, ...] = ()) -> np.ndarray:
        """Random masks; one choice of each component, at least, is possible."""
        parts = [numbers.random((*leading, size)) for size in self.sizes]
        allowed = [(part < 0.5) | (part == part.min(-1, keepdims=True)) for part in parts]
        return np.concatenate(allowed, axis=-1)


Spec = AbstractSpec
"""A spec of one part of an observation."""
