"""Environments that fail, and one that tells of its process.

No JAX, so that workers can have them.
"""

import os
import sys
import time
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces


class Telling(gymnasium.Env[Any, Any]):
    """Shows of its process: id, whether JAX is imported, threads, and processors."""

    observation_space = spaces.Box(0, np.inf, (4,), np.float64)
    action_space = spaces.Discrete(2)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None):
        super().reset(seed=seed, options=options)
        return self._seen(), {}

    def step(self, action: Any):
        return self._seen(), 0.0, False, False, {}

    def _seen(self) -> np.ndarray:
        np.linalg.inv(np.eye(64))  # what numerical libraries start threads for
        threads = len(list(Path("/proc/self/task").iterdir()))
        here = os.sched_getaffinity(0)
        return np.array([os.getpid(), "jax" in sys.modules, threads, len(here)], np.float64)


class Failing(gymnasium.Env[Any, Any]):
    """Counts its steps; action 1 fails in some way, once a folder, or always without one.

    Ways: `raise`, `die` (the process ends), `hang`; `reset` raises in `reset` but for seed 0.
    """

    observation_space = spaces.Box(0, np.inf, (1,), np.float32)
    action_space = spaces.Discrete(2)

    def __init__(self, way: str, folder: str = ""):
        self.way, self.folder = way, folder

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None):
        super().reset(seed=seed, options=options)
        self.count = 0
        if self.way == "reset" and seed and not self._failed_before():
            raise ZeroDivisionError("nothing to divide by")
        return np.zeros(1, np.float32), {}

    def step(self, action: Any):
        self.count += 1
        if action == 1 and not self._failed_before():
            match self.way:
                case "raise":
                    raise ZeroDivisionError("nothing to divide by")
                case "die":
                    os._exit(7)
                case "hang":
                    time.sleep(1000)
        return np.full(1, self.count, np.float32), 1.0, False, False, {}

    def _failed_before(self) -> bool:
        if not self.folder:
            return False
        mark = Path(self.folder) / "failed"
        before = mark.exists()
        mark.touch()
        return before


class Elsewhere(gymnasium.Env[Any, Any]):
    """Ends every process that steps it but one, or raises there."""

    observation_space = spaces.Box(0, np.inf, (1,), np.float32)
    action_space = spaces.Discrete(2)

    def __init__(self, home: int, raises: bool = False):
        self.home, self.raises = home, raises

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None):
        super().reset(seed=seed, options=options)
        return np.zeros(1, np.float32), {}

    def step(self, action: Any):
        if os.getpid() != self.home:
            if self.raises:
                raise ZeroDivisionError("nothing to divide by")
            os._exit(7)
        return np.zeros(1, np.float32), 1.0, False, False, {}


class Untrue(gymnasium.Env[Any, Any]):
    """Shows what its space does not contain: a value of this shape and dtype."""

    observation_space = spaces.Box(0, 255, (2,), np.uint8)
    action_space = spaces.Discrete(2)

    def __init__(self, shape: tuple[int, ...] = (2,), value: float = 0.0):
        self.value = np.full(shape, value)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None):
        super().reset(seed=seed, options=options)
        return self.value, {}

    def step(self, action: Any):
        return self.value, 0.0, False, False, {}
