"""What the environments for Gymnasium share: their spaces, and what they refuse."""

from collections.abc import Mapping
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces

from engrax.types import ImageSpec, Spec, SymbolsSpec, TextSpec

RENDERS_ARRAYS: dict[str, Any] = {"render_modes": ["rgb_array"], "render_fps": 8}
"""The metadata of an environment that can be seen as arrays."""


def observation_space(specs: Mapping[str, Spec]) -> gymnasium.Space[Any]:
    """The space of a task's observations, one entry a modality."""
    return spaces.Dict({name: _space(spec) for name, spec in specs.items()})


def _space(spec: Spec) -> gymnasium.Space[Any]:
    if isinstance(spec, TextSpec):
        return spaces.MultiDiscrete([len(spec.vocabulary)] * spec.length)
    if isinstance(spec, ImageSpec | SymbolsSpec):
        sizes = np.array(spec.sizes if isinstance(spec, SymbolsSpec) else 256)
        highest = np.broadcast_to(sizes - 1, spec.shape).astype(np.uint8)
        return spaces.Box(np.zeros_like(highest), highest, dtype=np.uint8)
    return spaces.Box(-np.inf, np.inf, spec.shape, np.float32)


def check_render_mode(render_mode: str | None, task: str) -> None:
    """Lets None and "rgb_array" pass.

    Raises:
        ValueError: for anything else.
    """
    if render_mode not in (None, "rgb_array"):
        raise ValueError(f"render_mode is {render_mode!r}, but {task} has 'rgb_array' only: pass that or None.")


def check_turn(over: bool, action: Any, actions: gymnasium.Space[Any], task: str, expected: str) -> None:
    """Lets an action pass that can be taken now.

    Args:
        over: whether no episode is under way.
        action: what was given to `step`.
        actions: those there are.
        task: its name, for people.
        expected: what an action must be, for people.

    Raises:
        gymnasium.error.ResetNeeded: if no episode is under way.
        ValueError: if there is no such action.
    """
    if over:
        raise gymnasium.error.ResetNeeded(f"No episode of {task} is under way: call reset() before step().")
    if not actions.contains(action):
        raise ValueError(f"action is {action!r}, but must be {expected}.")
