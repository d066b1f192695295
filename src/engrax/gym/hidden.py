"""Classic control with hidden velocities: what a memory has to infer from the positions."""

from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from gymnasium.utils import RecordConstructorArgs


class KeptEntries(gymnasium.ObservationWrapper[Any, Any, Any], RecordConstructorArgs):
    """Shows some entries of a vector only.

    "engrax/CartPoleHidden-v0" is CartPole-v1 with the cart's position and the pole's angle;
    "engrax/PendulumHidden-v0" is Pendulum-v1 with the cosine and the sine of the angle.
    """

    def __init__(self, env: gymnasium.Env[Any, Any], kept: tuple[int, ...]):
        """Args: `env`, whose observations are vectors, and `kept`: the entries that are shown."""
        RecordConstructorArgs.__init__(self, kept=kept)
        super().__init__(env)
        self._kept = list(kept)
        whole = env.observation_space
        assert isinstance(whole, spaces.Box)
        self.observation_space = spaces.Box(whole.low[self._kept], whole.high[self._kept])

    def observation(self, observation: np.ndarray) -> np.ndarray:
        """The entries that are shown."""
        return observation[self._kept]
