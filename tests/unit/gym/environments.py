"""Environments that the tests of hosting use; no JAX, so that worker processes can have them."""

from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces


def opened(envs: Any, seed: int = 0) -> Any:
    """The first steps of host environments, each stream by a seed of its own."""
    return envs.reset(np.arange(envs.num_streams, dtype=np.uint32) + np.uint32(1000 * seed))


ENDINGS = {"terminated": (True, False), "truncated": (False, True), "both": (True, True)}


class Counting(gymnasium.Env[Any, Any]):
    """Counts steps and adds up actions; an episode has `length` steps after the first, all alike.

    The reward is the sum so far, times the count. `info["success"]` is whether the count is even;
    `info["thirds"]` are count and sum modulo 3, of which the sum is known after the first step.
    """

    observation_space = spaces.Dict(
        {
            "count": spaces.Box(0, 1000, (1,)),
            "inside": spaces.Dict({"sum": spaces.Discrete(500)}),
        }
    )
    action_space = spaces.Discrete(3, start=1)

    def __init__(self, length: int = 3, ending: str = "terminated"):
        self.length, self.ending = length, ENDINGS[ending]
        self.seeds: list[int | None] = []

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None):
        super().reset(seed=seed, options=options)
        self.seeds.append(seed)
        self.count = self.sum = 0
        return self._seen(), self._said()

    def step(self, action: Any):
        assert self.action_space.contains(action)
        self.count += 1
        self.sum += int(action)
        over = self.count == self.length
        ends = self.ending if over else (False, False)
        return self._seen(), float(self.sum * self.count), *ends, self._said()

    def _said(self) -> dict[str, Any]:
        said = {"success": self.count % 2 == 0} if self.count else {}
        thirds = np.array([self.count, self.sum]) % 3
        return said | {"thirds": thirds, "thirds_known": np.array([True, self.count > 0])}

    def _seen(self) -> dict[str, Any]:
        count = np.array([self.count], np.float32)
        return {"count": count, "inside": {"sum": np.int64(self.sum)}}


class Drawing(gymnasium.Env[Any, Any]):
    """Shows random numbers, and ends at random: an episode follows from its seed and its actions.

    With `private`, the numbers come from a source that no seed reaches: nothing can be replayed.
    """

    observation_space = spaces.Box(-np.inf, np.inf, (2, 2), np.float64)
    action_space = spaces.Box(-1.0, 1.0, (1,), np.float32)

    def __init__(self, private: bool = False):
        self.source = np.random.default_rng() if private else None

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None):
        super().reset(seed=seed, options=options)
        return self._draw(), {}

    def step(self, action: Any):
        seen = self._draw() + float(action[0])
        return seen, 1.0, bool(self.np_random.random() < 0.1), False, {}

    def _draw(self) -> np.ndarray:
        return (self.source or self.np_random).standard_normal((2, 2))


class RememberPair(gymnasium.Env[Any, Any]):
    """See a shape and a colour, wait, and name both.

    Observations: `cue`, a shape 1..3 and a colour 1..2 at the first step and 0 after it; `query`, 1
    at the step whose action counts. The action there names both, counted from 0; each right one
    earns 0.5. The mean return is at most 5/12 without a memory, and 1 with one. `info` has the
    cue as `pair`, [2], counted from 0.
    """

    observation_space = spaces.Dict(
        {
            "cue": spaces.Dict({"shape": spaces.Discrete(4), "colour": spaces.Discrete(3)}),
            "query": spaces.Box(0, 1, (1,), np.float32),
        }
    )
    action_space = spaces.MultiDiscrete([3, 2])

    def __init__(self, delay: int = 3):
        self.delay = delay

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None):
        super().reset(seed=seed, options=options)
        self.cue = self.np_random.integers([3, 2])
        self.time = 0
        return self._seen(), {"pair": self.cue}

    def step(self, action: Any):
        asked = self.time == self.delay + 1
        right = (np.asarray(action) == self.cue) & asked
        self.time += 1
        info = {"success": bool(right.all()), "pair": self.cue}
        return self._seen(), float(0.5 * right.sum()), asked, False, info

    def _seen(self) -> dict[str, Any]:
        shape, colour = (self.cue + 1) * (self.time == 0)
        query = np.array([self.time == self.delay + 1], np.float32)
        return {"cue": {"shape": np.int64(shape), "colour": np.int64(colour)}, "query": query}


class Talking(gymnasium.Env[Any, Any]):
    """Says one of two texts, by the parity of the steps."""

    observation_space = spaces.Tuple([spaces.Text(40), spaces.MultiBinary(3)])
    action_space = spaces.MultiBinary(2)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None):
        super().reset(seed=seed, options=options)
        self.time = 0
        return self._seen(), {}

    def step(self, action: Any):
        assert self.action_space.contains(action)
        self.time += 1
        return self._seen(), 0.0, False, self.time == 7, {}

    def _seen(self) -> tuple[str, np.ndarray]:
        text = "Go to the RED-door" if self.time % 2 else "stay_here, 2 steps!"
        return text, np.array([1, 0, self.time % 2], np.int8)


for made in (Counting, Drawing, RememberPair, Talking):
    name = made.__name__
    if f"tests/{name}-v0" not in gymnasium.registry:
        gymnasium.register(f"tests/{name}-v0", made)
