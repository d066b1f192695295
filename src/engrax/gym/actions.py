"""From spaces of actions to the actions that agents choose."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from gymnasium import Space, spaces

from engrax.errors import ConfigError
from engrax.gym.paths import Path, leaves_of, place
from engrax.types import Continuous, Discrete, MultiDiscrete
from engrax.types.actions import Actions


@dataclass(frozen=True)
class ActionReading:
    """What is chosen, and how it becomes what the environment takes.

    Attributes:
        actions: what agents choose.
        encode: from actions `[*leading, *actions.shape]` to the environment's, for one stream or
            for a batch.
        nested: whether the space is a Dict or a Tuple.
    """

    actions: Actions
    encode: Callable[[np.ndarray], Any]
    nested: bool

    def each(self, actions: np.ndarray) -> list[Any]:
        """Actions `[n, *actions.shape]` as n actions, for environments stepped one by one."""
        return [self.encode(one) for one in actions] if self.nested else list(self.encode(actions))


def action_reading(space: Space[Any]) -> ActionReading:
    """How a space of actions is read.

    Raises:
        ConfigError: a space of a kind that agents cannot act in; the message names its path.
    """
    leaves = leaves_of(space)
    for path, leaf in leaves:
        _check(place("action", path), leaf)
    if isinstance(space, spaces.Discrete):
        start, dtype = space.start, space.dtype
        return ActionReading(Discrete(int(space.n)), lambda a: a.astype(dtype) + start, False)
    nested = isinstance(space, spaces.Dict | spaces.Tuple)
    return ActionReading(_joined(leaves), lambda actions: _build(space, actions)[0], nested)


def _check(here: str, space: Space[Any]) -> None:
    if isinstance(space, spaces.Discrete | spaces.MultiDiscrete | spaces.MultiBinary):
        return
    if not isinstance(space, spaces.Box):
        raise ConfigError(
            f"{here} is {type(space).__name__}, expected Discrete, MultiDiscrete, MultiBinary or "
            "Box: wrap the environment (gymnasium.ActionWrapper) to take one of these"
        )
    if not np.issubdtype(np.dtype(space.dtype), np.floating):
        raise ConfigError(
            f"{here} is a Box of {space.dtype}, expected floating point: make it a MultiDiscrete"
        )
    if not np.isfinite([space.low, space.high]).all() or not (space.low < space.high).all():
        raise ConfigError(
            f"{here} is {space}, expected finite bounds, each low below its high: bound the Box, "
            "or wrap the environment (gymnasium.ActionWrapper)"
        )


def _joined(leaves: list[tuple[Path, Space[Any]]]) -> Actions:
    """All leaves as one vector of choices or of numbers."""
    boxes = [space for _, space in leaves if isinstance(space, spaces.Box)]
    if boxes and len(boxes) == len(leaves):
        low = np.concatenate([np.ravel(box.low) for box in boxes])
        high = np.concatenate([np.ravel(box.high) for box in boxes])
        return Continuous(tuple(low.tolist()), tuple(high.tolist()))
    for path, space in leaves:
        if isinstance(space, spaces.Box):
            raise ConfigError(
                f"{place('action', path)} is a Box beside discrete choices, expected one kind: "
                "wrap the environment (gymnasium.ActionWrapper) to take either"
            )
    return MultiDiscrete(tuple(size for _, space in leaves for size in _sizes(space)))


def _sizes(space: Space[Any]) -> list[int]:
    """How many choices each component of a discrete space has."""
    if isinstance(space, spaces.MultiDiscrete):
        return np.ravel(space.nvec).tolist()
    return [int(space.n)] if isinstance(space, spaces.Discrete) else [2] * _count(space)


def _count(space: Space[Any]) -> int:
    """How many components a leaf has."""
    return int(np.prod(space.shape or ()))


def _build(space: Space[Any], actions: np.ndarray) -> tuple[Any, np.ndarray]:
    """What a space takes out of the first components, and the components that are left."""
    if isinstance(space, spaces.Dict):
        built = {}
        for key, inner in space.spaces.items():
            built[key], actions = _build(inner, actions)
        return built, actions
    if isinstance(space, spaces.Tuple):
        items = []
        for inner in space.spaces:
            item, actions = _build(inner, actions)
            items.append(item)
        return tuple(items), actions
    count = _count(space)
    leaf = actions[..., :count].reshape((*actions.shape[:-1], *(space.shape or ())))
    leaf = leaf.astype(space.dtype)
    discrete = isinstance(space, spaces.Discrete | spaces.MultiDiscrete)
    return (leaf + space.start if discrete else leaf), actions[..., count:]
