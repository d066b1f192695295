"""How a space of observations is read: as what, and by which function."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np

from engrax.errors import ConfigError
from engrax.gym.infos import Answers
from engrax.gym.paths import shape_error
from engrax.types import Spec, SymbolsSpec

ImageAs = Literal["auto", "pixels", "symbols"]
"""What a Box of uint8 of rank 2 or 3 is read as."""


@dataclass(frozen=True)
class ObservationOptions:
    """How observations are read, where their space leaves it open."""

    image_as: ImageAs = "auto"
    """What a Box of uint8 of rank 2 or 3 is: a picture ("pixels"), or a grid of categories
    ("symbols"); "auto" decides by its size and its largest value."""
    symbol_sizes: tuple[int, ...] = ()
    """Values of each feature of such a grid, one a channel; empty: the Box's largest value + 1."""
    grid_sizes: tuple[int, ...] = ()
    """The same, as the environment's package is known to have them; used where the channels are as
    many and `symbol_sizes` is empty."""
    words: tuple[str, ...] = ()
    """The words of texts."""
    text_length: int = 0
    """Words of a text; 0: those of the longest that was found."""
    answers: Answers | None = None
    """The entries of `info` that a probe of the memory predicts."""
    mask: bool = False
    """Whether `info` says, as `action_mask`, which actions are possible."""


class Reading(NamedTuple):
    """How one space is read.

    Attributes:
        spec: what agents see.
        convert: from a batch of values, `[n, ...]` or n texts, to `[n, *spec.shape]`; the result
            shares no memory with the batch.
        note: what was decided, in one line; empty where nothing was.
    """

    spec: Spec
    convert: Callable[[Any], np.ndarray]
    note: str = ""


def read_symbols(
    here: str, shape: tuple[int, ...], start: np.ndarray, sizes: np.ndarray
) -> Reading:
    """Reads categories.

    Args:
        here: the place of the space, for error messages.
        shape: of one value.
        start: what each category is counted from.
        sizes: how many categories there are, as a grid `[h, w, features]` of equal squares.
    """
    spec = SymbolsSpec(sizes.shape[0], sizes.shape[1], tuple(map(int, sizes[0, 0])))

    def convert(batch: Any) -> np.ndarray:
        batch = check_shape(here, batch, shape)
        batch = (batch - start if start.any() else batch).reshape(len(batch), *spec.shape)
        check_range(here, batch, spec.sizes)
        return batch.astype(spec.dtype)

    return Reading(spec, convert)


def check_shape(here: str, batch: Any, shape: tuple[int, ...]) -> np.ndarray:
    """A batch as an array.

    Raises:
        ConfigError: its values are not of the space's shape.
    """
    batch = np.asarray(batch)
    if batch.shape[1:] != shape:
        raise shape_error(here, batch.shape[1:], shape)
    return batch


def check_range(here: str, batch: np.ndarray, sizes: tuple[int, ...]) -> None:
    """Passes for features `[..., f]` from 0 to their size - 1.

    Raises:
        ConfigError: a feature is outside.
    """
    wrong = (batch >= np.array(sizes)) | (batch < 0)
    if wrong.any():
        feature = int(np.argwhere(wrong)[0, -1])
        raise ConfigError(
            f"{here}: feature {feature} is {batch[wrong][0]}, expected 0 to {sizes[feature] - 1}: "
            "set symbol_sizes, or put the space right"
        )
