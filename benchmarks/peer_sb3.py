"""How fast RecurrentPPO of stable-baselines3-contrib learns: a line of JSON.

    python benchmarks/peer_sb3.py popgym-RepeatPreviousEasy-v0|MiniGrid-MemoryS7-v0 [--rounds 3]

To be run by a Python in which sb3-contrib, popgym and minigrid are installed, and engrax need not
be; `benchmarks/peers.py` does. The setting is that of `benchmarks/gymnasium_rate.py`. Of MiniGrid's
observation it sees the picture, flattened.
"""

import argparse
import json
import time

import gymnasium
from gymnasium.wrappers import FlattenObservation
from sb3_contrib import RecurrentPPO
from stable_baselines3.common.env_util import make_vec_env

STREAMS, STEPS, EPOCHS, MINIBATCHES, WIDTH = 16, 128, 4, 4, 64


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("environment", help="its id")
    parser.add_argument("--rounds", type=int, default=3, help="updates, the quickest counts (3)")
    arguments = parser.parse_args()
    steps = STREAMS * STEPS
    model = RecurrentPPO(
        "MlpLstmPolicy",
        make_vec_env(lambda: make(arguments.environment), n_envs=STREAMS),
        n_steps=STEPS,
        n_epochs=EPOCHS,
        batch_size=steps // MINIBATCHES,
        policy_kwargs={"lstm_hidden_size": WIDTH, "net_arch": [WIDTH]},
    )
    model.learn(steps)
    rounds = [timed(model, steps) for _ in range(arguments.rounds)]
    cpu, wall = (min(times) for times in zip(*rounds, strict=True))
    print(
        json.dumps(
            {"steps_per_cpu_second": round(steps / cpu), "steps_per_second": round(steps / wall)}
        )
    )


def make(name: str) -> gymnasium.Env:
    """The environment, with one vector as its observation."""
    if not name.startswith("MiniGrid"):
        import popgym  # noqa: F401  # registers its environments

        return gymnasium.make(name)
    from minigrid.wrappers import ImgObsWrapper

    return FlattenObservation(ImgObsWrapper(gymnasium.make(name)))


def timed(model: RecurrentPPO, steps: int) -> tuple[float, float]:
    """CPU-seconds and seconds of one update."""
    cpu, wall = time.process_time(), time.perf_counter()
    model.learn(steps, reset_num_timesteps=False)
    return time.process_time() - cpu, time.perf_counter() - wall


if __name__ == "__main__":
    main()
