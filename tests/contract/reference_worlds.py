"""Small host worlds that keep the contract, one with bugs to be switched on by name."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from engrax.runtime import Pure
from engrax.types import Discrete, Interface, TimeStep, VectorSpec


class StepByStep(Pure):
    """A pure task in a loop outside of any compiled program."""

    pure = False


class Counting:
    """Each stream counts steps from a number that its key draws; every third action, summed up,
    ends an episode.
    """

    pure = False
    interface = Interface({"vector": VectorSpec(2)}, Discrete(2))

    def __init__(self, bug: str = ""):
        self.bug, self.opened = bug, 0

    def open(self, keys):
        words = np.asarray(jax.random.key_data(keys))[:, -1].astype(np.int64)
        self.opened += 1
        words = words + (self.opened if self.bug == "seeds ignored" else 0)
        words = np.full_like(words, words.sum()) if self.bug == "streams share a seed" else words
        state = {
            "seed": words % 97,
            "episode": np.zeros(len(words), int),
            "sum": np.zeros(len(words), int),
        }
        state["last"] = np.zeros(len(words), bool)
        return state, self._shown(state, np.ones(len(words), bool))

    def step(self, state: dict[str, Any], actions, keys):
        del keys
        actions, restart = np.asarray(actions), state["last"]
        moved = state["sum"] + 1 + actions
        opening = actions if self.bug == "last takes an action" else 0 * actions
        total = np.where(restart, opening, moved)
        last = ~restart & (total >= 6)
        if self.bug == "same-step autoreset":
            total, last = np.where(last, 0, total), last
        episode = state["episode"] + restart
        state = {"seed": state["seed"], "episode": episode, "sum": total, "last": last}
        return state, self._shown(state, restart)

    def _shown(self, state, first):
        last = state["last"] & (self.bug != "endless")
        if self.bug == "same-step autoreset":
            first, last = (
                state["last"] | (first & (state["sum"] == 0) & ~state["last"]),
                0 * last > 0,
            )
        numbers = np.stack([state["seed"] + state["episode"], state["sum"]], axis=1)
        reward = last + (first & (self.bug == "reward at first"))
        return TimeStep(
            observation={
                "vector": jnp.array(numbers, jnp.int32 if self.bug == "integers" else jnp.float32)
            },
            reward=jnp.array(reward, jnp.float32),
            discount=jnp.array(~last, jnp.float32),
            first=jnp.array(first),
            last=jnp.array(last),
        )
