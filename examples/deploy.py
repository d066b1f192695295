"""From an environment to a deployed policy: train, load, act, export.

The environment is CartPole without its velocities, which an agent has to infer from the past. Any
environment of Gymnasium, its id, or a function that makes one goes in its place.
"""

import tempfile
from pathlib import Path

import gymnasium
import jax
import numpy as np

import engrax


def main(updates: int = 60):
    """Trains an LSTM agent for a minute, plays an episode with it, and exports it."""
    env = gymnasium.make("engrax/CartPoleHidden-v0")
    with tempfile.TemporaryDirectory() as folder:
        run, file = Path(folder) / "cartpole", Path(folder) / "cartpole.stablehlo"
        settings = {"updates": str(updates), "learner.reward_scale": "0.05"}
        engrax.train(env, run, memory="lstm", settings=settings)
        policy = engrax.load(run, env)
        print(f"return of an episode: {played(env, policy):.0f} of 500")
        exported = engrax.export(run, file, "stablehlo")
        print(f"exported; differs from JAX by {exported.difference:.1e} at most")
        print(f"its inputs: {', '.join(inputs_of(file))}")


def played(env: gymnasium.Env, policy: engrax.Policy) -> float:
    """The return of an episode. The policy keeps its memory from step to step."""
    observation, _ = env.reset(seed=1)
    first, reward, total, over = True, 0.0, 0.0, False
    while not over:
        action = policy.act(observation, first=first, reward=reward)
        observation, reward, terminated, truncated, _ = env.step(action)
        first, total, over = False, total + float(reward), terminated or truncated
    return total


def inputs_of(file: Path) -> list[str]:
    """What the exported step takes, as `jax.export` reads the file: no engrax is needed for it."""
    step = jax.export.deserialize(bytearray(file.read_bytes()))
    return [f"{np.dtype(one.dtype).name}{list(one.shape)}" for one in step.in_avals]


if __name__ == "__main__":
    main()
