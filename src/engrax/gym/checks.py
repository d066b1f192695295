"""What environments for Gymnasium refuse: render modes, and actions that there are not."""

import operator
from typing import Any

import numpy as np

from engrax.errors import UserError
from engrax.types import Continuous, Discrete, Interface
from engrax.types.actions import Actions

RENDERS_ARRAYS: dict[str, Any] = {"render_modes": ["rgb_array"], "render_fps": 8}
"""The metadata of an environment that can be seen as arrays."""


def check_render_mode(render_mode: str | None, task: str) -> None:
    """Lets None and "rgb_array" pass.

    Raises:
        UserError: for anything else.
    """
    if render_mode not in (None, *RENDERS_ARRAYS["render_modes"]):
        raise UserError(
            f"render_mode is {render_mode!r}, but {task} has 'rgb_array' only: pass that or None"
        )


def no_episode(task: str) -> str:
    """What to say of a step without an episode."""
    return f"no episode of {task} is under way: call reset() before step()"


def checked_action(action: Any, interface: Interface) -> np.ndarray:
    """An action as an array of the interface's shape and dtype.

    Any integer is a discrete action, NumPy's and JAX's scalars included; a bool is not.

    Raises:
        UserError: there is no such action.
    """
    actions = interface.actions
    try:
        taken = _scalar(action) if isinstance(actions, Discrete) else _array(action, actions)
    except (TypeError, ValueError):
        taken = None
    low, high = actions.bounds
    if (
        taken is None
        or taken.shape != actions.shape
        or not ((taken >= low) & (taken <= high)).all()
    ):
        raise UserError(f"action is {action!r}, expected {_expected(interface)}")
    return taken.astype(actions.dtype)


def _scalar(action: Any) -> np.ndarray:
    if isinstance(action, bool):
        raise TypeError("a bool")
    return np.array(operator.index(action))


def _array(action: Any, actions: Actions) -> np.ndarray:
    taken = np.asarray(action)
    wanted = np.number if isinstance(actions, Continuous) else np.integer
    if not np.issubdtype(taken.dtype, wanted):
        raise TypeError(f"an array of {taken.dtype}")
    return taken


def _expected(interface: Interface) -> str:
    actions = interface.actions
    low, high = actions.bounds
    if not isinstance(actions, Discrete):
        return f"an array of shape {actions.shape} from {low} to {high}"
    names = interface.action_names if actions.size <= 20 else ()
    named = names not in ((), tuple(map(str, range(len(names)))))
    return f"an integer from 0 to {high}" + (f": {', '.join(names)}" if named else "")
