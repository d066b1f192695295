"""The numbers among a learner's settings, as arguments of a compiled program.

They change no shape. So one program serves all learning rates, costs, discounts and clips.
"""

from copy import copy
from dataclasses import fields
from typing import Any, TypeVar

import jax.numpy as jnp
from jaxtyping import Array, Float

from engrax.algorithms.base import AbstractLearner, Ramp

L = TypeVar("L", AbstractLearner, Ramp)
Numbers = dict[str, Any]
"""The numbers by the names of their settings; a ramp has a dict of its own."""


def numbers_of(settings: AbstractLearner | Ramp) -> Numbers:
    """The settings that are real numbers, and all those of ramps, as float32."""
    values = {field.name: getattr(settings, field.name) for field in fields(settings)}
    kinds = float | int if isinstance(settings, Ramp) else float
    numbers: Numbers = {
        name: _as_array(value) for name, value in values.items() if isinstance(value, kinds)
    }
    ramps = {name: value for name, value in values.items() if isinstance(value, Ramp)}
    return numbers | {name: numbers_of(ramp) for name, ramp in ramps.items()}


def with_numbers(settings: L, numbers: Numbers) -> L:
    """The settings with other numbers, which may be traced and are not checked again."""
    changed = copy(settings)
    for name, value in numbers.items():
        whole = with_numbers(getattr(settings, name), value) if isinstance(value, dict) else value
        object.__setattr__(changed, name, whole)
    return changed


def _as_array(value: float | int) -> Float[Array, ""]:
    return jnp.asarray(value, jnp.float32)
