"""What specs and kinds of action have in common: arrays of a shape, within bounds."""

import abc
from typing import Any

import numpy as np


class AbstractSpace(abc.ABC):
    """Arrays of one shape and dtype, within bounds. Spaces are frozen dataclasses: equal where they
    describe the same arrays.
    """

    @property
    @abc.abstractmethod
    def shape(self) -> tuple[int, ...]:
        """The shape of one array."""

    @property
    @abc.abstractmethod
    def dtype(self) -> np.dtype[Any]:
        """Its dtype."""

    @property
    @abc.abstractmethod
    def bounds(self) -> tuple[Any, Any]:
        """The least and the largest value, both included; they broadcast to the shape."""

    def draw(self, numbers: np.random.Generator, leading: tuple[int, ...] = ()) -> np.ndarray:
        """Random arrays `[*leading, *shape]`, uniform within the bounds, on the host."""
        (low, high), shape = self.bounds, (*leading, *self.shape)
        if np.issubdtype(self.dtype, np.integer):
            drawn = numbers.integers(low, high, shape, dtype=np.int64, endpoint=True)
        else:
            drawn = numbers.uniform(low, high, shape)
        return drawn.astype(self.dtype)
