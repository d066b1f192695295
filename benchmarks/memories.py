"""How fast agents learn with each memory, at equal sizes: environment steps per CPU-second, learner
included.

    python benchmarks/memories.py [--json] [--only lstm gtrxl] [--rounds 5]

Every memory is 64 wide, with two layers where it has layers, in the same actor-critic; 64 streams
of 128 steps an update, PPO with 4 epochs of 4 minibatches, on the recall probe. CPU-seconds are
those of all threads, and there is a device for each core (`taskset -c 0` for one); of several
updates the quickest counts, since others use the machine too.
Compilation is timed apart.
"""

import argparse
import json
import time
from dataclasses import replace

import jax

from engrax.agents import ActorCriticSizes
from engrax.algorithms import PPO
from engrax.envs import Recall
from engrax.experiments import Experiment
from engrax.memory import (
    AbstractMemorySizes,
    DNCSizes,
    GTrXLSizes,
    HCAMSizes,
    LSTMSizes,
    NoMemorySizes,
    NTMSizes,
    RLMEMSizes,
    TrXLSizes,
)
from engrax.runs.devices import settled

MEMORIES = {
    "none": NoMemorySizes(width=64),
    "lstm": LSTMSizes(width=64),
    "hcam": HCAMSizes(width=64, num_layers=2),
    "trxl": TrXLSizes(width=64, num_layers=2),
    "gtrxl": GTrXLSizes(width=64, num_layers=2),
    "ntm": NTMSizes(width=64, layers=2),
    "dnc": DNCSizes(width=64, layers=2),
    "rl_mem": RLMEMSizes(width=64, layers=2),
}
EXPERIMENT = Experiment(
    task=Recall(),
    agent=ActorCriticSizes(reconstruction=False),
    learner=PPO(epochs=4, minibatches=4),
    streams=64,
    segment_length=128,
)


def main():
    arguments = parse()
    names = arguments.only or list(MEMORIES)
    results = {}
    for name in names:
        results[name] = measure(with_memory(MEMORIES[name]), arguments.rounds)
        if not arguments.json:
            print(line(name, results[name]), flush=True)
    if arguments.json:
        print(json.dumps(results))


def with_memory(memory: AbstractMemorySizes) -> Experiment:
    """The experiment with another memory."""
    return replace(EXPERIMENT, agent=replace(EXPERIMENT.agent, memory=memory))


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true", help="print one line of JSON")
    parser.add_argument(
        "--only",
        nargs="+",
        choices=list(MEMORIES),
        metavar="MEMORY",
        help="these; all if not given",
    )
    parser.add_argument(
        "--rounds", type=int, default=5, help="updates, of which the quickest counts (5)"
    )
    return parser.parse_args()


def measure(experiment: Experiment, rounds: int) -> dict[str, float]:
    """Steps per CPU-second and per second, seconds of compiling, and the parameters."""
    trainer, started = settled(experiment).build(), time.perf_counter()
    state, _ = jax.block_until_ready(trainer.update(trainer.init()))
    first, seconds, cpu_seconds = time.perf_counter() - started, [], []
    for _ in range(rounds):
        clock, cpu = time.perf_counter(), time.process_time()
        state, _ = jax.block_until_ready(trainer.update(state))
        seconds.append(time.perf_counter() - clock)
        cpu_seconds.append(time.process_time() - cpu)
    steps = trainer.environment_steps(1)
    return {
        "steps_per_cpu_second": round(steps / min(cpu_seconds)),
        "steps_per_second": round(steps / min(seconds)),
        "compile_seconds": round(first - min(seconds), 1),
        "parameters": sum(leaf.size for leaf in jax.tree.leaves(trainer.agent)),
    }


def line(name: str, result: dict[str, float]) -> str:
    """A result for people."""
    return (
        f"{name:<8}{result['steps_per_cpu_second']:>10,.0f} steps per CPU-second"
        f"{result['steps_per_second']:>10,.0f} a second{result['compile_seconds']:>7.1f} s "
        f"compiling{result['parameters']:>10,} parameters"
    )


if __name__ == "__main__":
    main()
