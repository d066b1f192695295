"""Gymnasium's spaces and what agents see and do: from theirs to ours, and back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from gymnasium import Space, spaces

from engrax.gym.actions import ActionReading, action_reading
from engrax.gym.infos import Answers, kept_names
from engrax.gym.masking import MASK, masks_of
from engrax.gym.observations import Part, parts_of
from engrax.gym.paths import follow
from engrax.gym.readings import ObservationOptions
from engrax.types import (
    Continuous,
    Discrete,
    ImageSpec,
    Interface,
    MaskSpec,
    MultiDiscrete,
    Spec,
    SymbolsSpec,
    TextSpec,
)
from engrax.types.actions import Actions


@dataclass(frozen=True)
class Translator:
    """Between an environment's spaces and an interface.

    Attributes:
        interface: what agents see and do.
        parts: how each part of an observation is read.
        acting: how actions are given.
        answers: which entries of `info` answer the interface's question, if it has one.
        mask: whether `info` has the mask of actions.
    """

    interface: Interface
    parts: tuple[Part, ...]
    acting: ActionReading
    answers: Answers | None = None
    mask: bool = False

    @property
    def kept(self) -> tuple[str, ...]:
        """The entries of `info` that are kept."""
        return kept_names(self.answers, self.mask)

    @property
    def notes(self) -> tuple[str, ...]:
        """What was decided about the spaces, one line each."""
        return tuple(part.note for part in self.parts if part.note)

    def read_each(self, observations: Sequence[Any]) -> dict[str, np.ndarray]:
        """Observations of n environments, as a list, to parts `[n, *shape]`."""
        return {
            part.name: part.reading.convert([follow(one, part.path) for one in observations])
            for part in self.parts
        }

    def read_batch(self, observations: Any) -> dict[str, np.ndarray]:
        """A vector environment's observations to parts `[n, *shape]`."""
        return {
            part.name: part.reading.convert(follow(observations, part.path)) for part in self.parts
        }

    def masks(self, infos: Sequence[Mapping[str, Any]]) -> dict[str, np.ndarray]:
        """The part `[n, choices]` that n environments' `info` has, if it has one."""
        return {MASK: masks_of(infos, sum(self.acting.actions.choices))} if self.mask else {}

    def write_each(self, actions: np.ndarray) -> list[Any]:
        """Actions `[n, *shape]` as a list, one an environment."""
        return self.acting.each(actions)

    def write_batch(self, actions: np.ndarray) -> Any:
        """Actions `[n, *shape]` as a vector environment takes them."""
        return self.acting.encode(actions)


def translator_of(
    observation_space: Space[Any],
    action_space: Space[Any],
    options: ObservationOptions | None = None,
    action_names: Sequence[str] = (),
) -> Translator:
    """Reads an environment's spaces.

    Args:
        observation_space: of one environment, not of a batch.
        action_space: likewise.
        options: what the spaces leave open.
        action_names: what to call each action; numbers if not given.

    Raises:
        ConfigError: a space that cannot be read; the message names its path and says what to do.
    """
    options = options or ObservationOptions()
    acting, answers = action_reading(action_space), options.answers
    parts = parts_of(observation_space, options, acting.actions.choices)
    observations = {part.name: part.reading.spec for part in parts}
    if options.mask:
        observations[MASK] = MaskSpec(acting.actions.choices)
    question = None if answers is None else answers.question
    interface = Interface(observations, acting.actions, tuple(action_names), question=question)
    return Translator(interface, parts, acting, answers, options.mask)


def interface_of(
    observation_space: Space[Any],
    action_space: Space[Any],
    options: ObservationOptions | None = None,
) -> Interface:
    """What agents see and do in an environment with these spaces; see `translator_of`."""
    return translator_of(observation_space, action_space, options).interface


def observation_space(specs: Mapping[str, Spec]) -> Space[Any]:
    """The space of observations by part, for Gymnasium."""
    return spaces.Dict({name: _space(spec) for name, spec in specs.items()})


def _space(spec: Spec) -> Space[Any]:
    if isinstance(spec, TextSpec):
        return spaces.MultiDiscrete([len(spec.vocabulary)] * spec.length)
    if isinstance(spec, ImageSpec | SymbolsSpec):
        dtype: Any = spec.dtype
        highest = np.broadcast_to(spec.bounds[1], spec.shape).astype(dtype)
        return spaces.Box(np.zeros_like(highest), highest, dtype=dtype)
    if isinstance(spec, MaskSpec):
        return spaces.MultiBinary(sum(spec.sizes))
    return spaces.Box(-np.inf, np.inf, spec.shape, np.float32)


def action_space(actions: Actions) -> Space[Any]:
    """The space of actions, for Gymnasium.

    Raises:
        TypeError: a kind of action that Gymnasium has no space for.
    """
    match actions:
        case Discrete(size):
            return spaces.Discrete(size)
        case MultiDiscrete(sizes):
            return spaces.MultiDiscrete(list(sizes))
        case Continuous():
            low, high = actions.bounds
            return spaces.Box(low, high, dtype=np.float32)
    raise TypeError(f"actions are {actions}, expected Discrete, MultiDiscrete or Continuous")
