"""An environment with masks of its actions, given in each of the ways that there are; no JAX."""

from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces


class Doors(gymnasium.Env[Any, Any]):
    """Five doors, of which two are open, others at every step; a closed one raises an error.

    The reward is 1 for the open door with the larger number. `way` says where the mask is: in the
    `observation`, in `info`, or in the method `action_masks`.
    """

    action_space = spaces.Discrete(5, start=2)

    def __init__(self, way: str = "info"):
        self.way = way
        parts = {"time": spaces.Box(0, 100, (1,), np.float32)}
        if way == "observation":
            parts["action_mask"] = spaces.MultiBinary(5)
        self.observation_space = spaces.Dict(parts)
        if way == "method":
            self.action_masks = self._mask

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None):
        super().reset(seed=seed, options=options)
        self.time = 0
        self._close()
        return self._seen(), self._info()

    def step(self, action: Any):
        door = int(action) - 2
        assert door in self.open, f"door {door} is closed"
        reward = float(door == max(self.open))
        self.time += 1
        self._close()
        return self._seen(), reward, self.time == 6, False, self._info()

    def _close(self) -> None:
        self.open = self.np_random.choice(5, 2, replace=False)

    def _mask(self) -> np.ndarray:
        return np.isin(np.arange(5), self.open)

    def _seen(self) -> dict[str, Any]:
        mask = {"action_mask": self._mask().astype(np.int8)} if self.way == "observation" else {}
        return {"time": np.full(1, self.time, np.float32), **mask}

    def _info(self) -> dict[str, Any]:
        return {"action_mask": self._mask()} if self.way == "info" else {}
