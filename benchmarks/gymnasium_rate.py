"""How fast an agent with an LSTM learns in an environment of Gymnasium: a line of JSON.

    python benchmarks/gymnasium_rate.py popgym-RepeatPreviousEasy-v0 [--memory hcam] [--rounds 3]

PPO with 16 streams of 128 steps, 4 epochs of 4 minibatches, and a memory 64 wide; the environments
run in Python. Of several updates the quickest counts. `benchmarks/peers.py` compares with others.
"""

import argparse
import json
import time

import jax

from engrax.runs.asking import experiment_for
from engrax.runs.devices import settled

SETTINGS = {
    "streams": "16",
    "segment_length": "128",
    "learner.epochs": "4",
    "learner.minibatches": "4",
    "memory.width": "64",
    "agent.hidden": "64",
    "agent.reconstruction": "false",
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("environment", help="its id")
    parser.add_argument("--memory", default="lstm", help="of the agent (lstm)")
    parser.add_argument("--rounds", type=int, default=3, help="updates, the quickest counts (3)")
    arguments = parser.parse_args()
    name, memory = f"gymnasium:{arguments.environment}", arguments.memory
    trainer = settled(experiment_for(name, memory=memory, settings=SETTINGS)).build()
    state, rounds = jax.block_until_ready(trainer.update(trainer.init())[0]), []
    for _ in range(arguments.rounds):
        cpu, wall = time.process_time(), time.perf_counter()
        state = jax.block_until_ready(trainer.update(state)[0])
        rounds.append((time.process_time() - cpu, time.perf_counter() - wall))
    steps = trainer.environment_steps(1)
    cpu, wall = (min(times) for times in zip(*rounds, strict=True))
    print(
        json.dumps(
            {"steps_per_cpu_second": round(steps / cpu), "steps_per_second": round(steps / wall)}
        )
    )


if __name__ == "__main__":
    main()
