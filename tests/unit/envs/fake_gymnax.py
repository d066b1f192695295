"""A stand-in for gymnax, which need not be installed: its protocol, with two small environments."""

from dataclasses import dataclass, replace
from types import ModuleType, SimpleNamespace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class State:
    time: Any
    place: Any


@dataclass(frozen=True)
class Params:
    max_steps_in_episode: int = 6
    goal: int = 3

    def replace(self, **changes):
        return replace(self, **changes)


class Line:
    """Walks along a line; the episode terminates at the goal, and is truncated after some steps.

    The reward is the place. Leaves of the state are numbers of Python where they can be.
    """

    def __init__(self, grid: bool = False):
        self.grid = grid

    def reset_env(self, key, params):
        state = State(0, jax.random.randint(key, (), -1, 1))
        return self._seen(state), state

    def step_env(self, key, state, action, params):
        del key
        state = State(
            state.time + 1, state.place + jnp.asarray(action, jnp.int32).reshape(()) * 2 - 1
        )
        return self._seen(state), state, state.place * 1, state.place >= params.goal, {}

    def is_truncated(self, state, params):
        return state.time >= params.max_steps_in_episode

    def _seen(self, state):
        if self.grid:
            return {"map": jnp.ones((2, 3, 1), bool), "time": state.time}
        return jnp.stack([jnp.asarray(state.place), jnp.asarray(state.time)]).astype(jnp.float32)

    def observation_space(self, params):
        if not self.grid:
            return SimpleNamespace(shape=(2,), dtype=np.float32, low=-9, high=9)
        grid = SimpleNamespace(shape=(2, 3, 1), dtype=np.bool_, low=0, high=1)
        return SimpleNamespace(spaces={"map": grid, "time": SimpleNamespace(n=7, shape=())})

    def action_space(self, params):
        if self.grid:
            return SimpleNamespace(shape=(1,), low=0.0, high=1.0)
        return SimpleNamespace(n=2, shape=())


class Words(Line):
    def observation_space(self, params):
        return object()


MADE = {"Line-v0": Line, "Words-v0": Words}


def module() -> ModuleType:
    """What `import gymnax` gives."""
    fake: Any = ModuleType("gymnax")
    fake.registered_envs = list(MADE)
    fake.make = lambda name, **arguments: (MADE[name](**arguments), Params())
    return fake
