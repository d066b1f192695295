"""An environment of your own: register it with Gymnasium, train an agent with memory on it, and
evaluate.

The same from the command line, with this file on the Python path:

    engrax train gymnasium:own_gymnasium:example/Corridor-v0 --memory lstm --out runs/corridor
"""

import sys
import tempfile
from pathlib import Path

import gymnasium
import numpy as np
from gymnasium import spaces

from engrax.runs.evaluating import evaluate
from engrax.runs.training import train


class Corridor(gymnasium.Env):
    """A sign at the entrance says left or right; at the end of the corridor it is gone, and one
    must turn.
    """

    observation_space = spaces.Dict(
        {"sign": spaces.Discrete(3), "place": spaces.Box(0.0, 1.0, (1,), np.float32)}
    )
    action_space = spaces.Discrete(3)  # go on, turn left, turn right

    def __init__(self, length: int = 5):
        self.length = length

    def reset(self, *, seed=None, options=None):
        """Opens an episode at the entrance."""
        super().reset(seed=seed, options=options)
        self.place, self.sign = 0, int(self.np_random.integers(1, 3))
        return self._seen(), {}

    def step(self, action):
        """Goes on, or turns: at the end of the corridor a turn ends the episode, with 1 if it is
        the right one.
        """
        at_end = self.place == self.length
        self.place += int(not at_end and action == 0)
        turned = at_end and action > 0
        return self._seen(), float(turned and action == self.sign), turned, False, {}

    def _seen(self):
        sign = self.sign if self.place == 0 else 0
        return {"sign": np.int64(sign), "place": np.array([self.place / self.length], np.float32)}


gymnasium.register("example/Corridor-v0", Corridor, max_episode_steps=30)


def main(updates: int = 60):
    """Trains an LSTM agent for some minutes, and plays 200 fresh episodes."""
    settings = {"memory": "lstm", "memory.width": "32", "updates": str(updates)}
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "corridor"
        train("gymnasium:own_gymnasium:example/Corridor-v0", run, settings=settings, progress=show)
        found = evaluate(run, episodes=200, seed=1)
    print(f"mean return {found.returns.value:.2f}; 0.5 without memory")


def show(row):
    """Prints the metrics of every tenth update."""
    if row["update"] % 10 == 0:
        print(f"update {row['update']}: return {row['return'] or float('nan'):.2f}")


if __name__ == "__main__":
    sys.modules["own_gymnasium"] = sys.modules["__main__"]
    main()
