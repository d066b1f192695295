"""Policies and actions of every kind for display: labelled bars, and text."""

from functools import singledispatch

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from engrax.nn.policies import policy_class
from engrax.types import Actions, Continuous, Discrete, Interface, MultiDiscrete, Policy


def bars(actions: Actions, policy: Policy) -> Float[Array, "*t b"]:
    """The heights of a policy's bars, 0 to 1: probabilities, or where its mode lies between the
    bounds.
    """
    if isinstance(actions, Continuous):
        return 0.5 * (1.0 + policy_class(actions).code(actions, policy.mode()))
    return jnp.exp(policy.features())


@singledispatch
def _labels(actions: Actions, interface: Interface) -> tuple[str, ...]:
    raise ValueError(
        f"actions are {actions}, expected a kind that can be drawn: see engrax.viewing.choices"
    )


@_labels.register
def _(actions: Discrete, interface: Interface) -> tuple[str, ...]:
    return tuple(interface.action_names) or tuple(map(str, range(actions.size)))


@_labels.register
def _(actions: MultiDiscrete, interface: Interface) -> tuple[str, ...]:
    return tuple(
        f"{part}:{choice}" for part, size in enumerate(actions.sizes) for choice in range(size)
    )


@_labels.register
def _(actions: Continuous, interface: Interface) -> tuple[str, ...]:
    return tuple(interface.action_names) or tuple(f"a{part}" for part in range(len(actions.low)))


def bar_labels(interface: Interface) -> tuple[str, ...]:
    """What each bar is called."""
    return _labels(interface.actions, interface)


def chosen_bars(actions: Actions, action: np.ndarray | np.generic) -> set[int]:
    """The bars of the action taken; none where actions are continuous."""
    if isinstance(actions, Discrete):
        return {int(action)}
    if isinstance(actions, MultiDiscrete):
        starts = np.cumsum((0, *actions.sizes[:-1]))
        return set((starts + np.asarray(action)).tolist())
    return set()


def action_words(interface: Interface, action: np.ndarray | np.generic) -> str:
    """An action in words."""
    chosen = chosen_bars(interface.actions, action)
    if chosen:
        labels = bar_labels(interface)
        return " ".join(labels[bar] for bar in sorted(chosen))
    return " ".join(f"{number:.2f}" for number in np.ravel(action))
