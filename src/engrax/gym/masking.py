"""Masks of actions, wherever an environment gives them. Nothing here imports JAX."""

from collections.abc import Mapping, Sequence
from typing import Any

import gymnasium
import numpy as np
from gymnasium import Env, spaces

from engrax.errors import ConfigError
from engrax.gym.paths import follow, leaves_of

MASK, METHOD = "action_mask", "action_masks"
"""The key of an observation or an entry of `info`, and the method of an environment, that say which
actions are possible. PettingZoo and Gymnasium use the first, Stable-Baselines3 the second."""


class MaskInInfo(gymnasium.Wrapper[Any, Any, Any, Any]):
    """Adds what an environment's method `action_masks` returns to `info`, as `action_mask`."""

    def __init__(self, env: Env[Any, Any]):
        """Args: `env`, which has the method, itself or inside of wrappers."""
        super().__init__(env)
        self._masks = env.get_wrapper_attr(METHOD)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Opens an episode."""
        observation, info = self.env.reset(seed=seed, options=options)
        return observation, {**info, MASK: self._masks()}

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        """One step."""
        observation, reward, terminated, truncated, info = self.env.step(action)
        return observation, reward, terminated, truncated, {**info, MASK: self._masks()}


def with_mask(env: Env[Any, Any]) -> Env[Any, Any]:
    """The environment with its mask of actions in `info`, if it has a method that gives one."""
    return MaskInInfo(env) if env.has_wrapper_attr(METHOD) else env


def random_action(env: Env[Any, Any], observation: Any, info: Mapping[str, Any]) -> Any:
    """A random action that is possible after an observation and its `info`."""
    space, mask = env.action_space, info.get(MASK)
    for path, _ in leaves_of(env.observation_space):
        if path and path[-1] == MASK:
            mask = follow(observation, path)
    if mask is None:
        return space.sample()
    if isinstance(space, spaces.Discrete):
        return space.sample(mask=np.ravel(mask).astype(np.int8))
    if isinstance(space, spaces.MultiDiscrete) and space.nvec.ndim == 1:
        flat = checked_mask(mask, int(space.nvec.sum())).astype(np.int8)
        return space.sample(mask=tuple(np.split(flat, np.cumsum(space.nvec)[:-1])))
    return space.sample()


def masks_of(infos: Sequence[Mapping[str, Any]], size: int) -> np.ndarray:
    """The masks `[n, size]` in n environments' `info`; all true where there is none.

    Raises:
        ConfigError: a mask of another size.
    """
    everything = np.ones(size, bool)
    return np.array([checked_mask(info.get(MASK, everything), size) for info in infos])


def checked_mask(mask: Any, size: int) -> np.ndarray:
    """A mask of actions as truth values `[size]`.

    Raises:
        ConfigError: it has another size.
    """
    values = np.ravel(mask) if not isinstance(mask, tuple | list) else _flat(mask)
    if values.shape != (size,):
        raise ConfigError(
            f"{MASK} has {values.size} entries, expected {size}: one for each choice of the action"
        )
    return values.astype(bool)


def first_possible(masks: np.ndarray, choices: Sequence[int]) -> np.ndarray:
    """The first choice of each component, `[n, components]`, that masks `[n, choices]` allow."""
    parts = np.split(masks, np.cumsum(choices)[:-1], axis=-1)
    return np.stack([np.argmax(part, axis=-1) for part in parts], axis=-1)


def _flat(parts: Sequence[Any]) -> np.ndarray:
    """The masks of several components, one after the other."""
    return np.concatenate([np.ravel(part) for part in parts])
