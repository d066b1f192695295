"""Classic control with hidden velocities: what a memory has to infer from the positions."""

from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from gymnasium.utils import RecordConstructorArgs


class KeptEntries(gymnasium.Wrapper[Any, Any, Any, Any], RecordConstructorArgs):
    """Shows some entries of a vector only.

    "engrax/CartPoleHidden-v0" is CartPole-v1 with the cart's position and the pole's angle;
    "engrax/PendulumHidden-v0" is Pendulum-v1 with the cosine and the sine of the angle.

    `info` says of the hidden entries, for `engrax probe`: `hidden_positive` int32 [h], 1 where an
    entry is above 0, and `hidden_known` bool [h], whether it can be inferred, which is from the
    second step of an episode on.
    """

    def __init__(self, env: gymnasium.Env[Any, Any], kept: tuple[int, ...]):
        """Args: `env`, whose observations are vectors, and `kept`: the entries that are shown."""
        RecordConstructorArgs.__init__(self, kept=kept)
        super().__init__(env)
        whole = env.observation_space
        assert isinstance(whole, spaces.Box)
        self._kept = list(kept)
        self._hidden = [index for index in range(whole.shape[0]) if index not in kept]
        self.observation_space = spaces.Box(whole.low[self._kept], whole.high[self._kept])

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[np.ndarray, dict[str, Any]]:
        """Opens an episode."""
        observation, info = self.env.reset(seed=seed, options=options)
        return observation[self._kept], info | self._said(observation, False)

    def step(self, action: Any) -> tuple[np.ndarray, Any, bool, bool, dict[str, Any]]:
        """One step."""
        observation, reward, terminated, truncated, info = self.env.step(action)
        said = info | self._said(observation, True)
        return observation[self._kept], reward, terminated, truncated, said

    def _said(self, observation: np.ndarray, known: bool) -> dict[str, np.ndarray]:
        hidden = observation[self._hidden]
        return {
            "hidden_positive": (hidden > 0).astype(np.int32),
            "hidden_known": np.full(hidden.shape, known),
        }
