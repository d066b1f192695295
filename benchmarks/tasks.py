"""How fast tasks run: environment steps per CPU-second, batched, with random actions, restarts
included.

    python benchmarks/tasks.py [--only hidden_objects ...] [--json] [--streams 128] [--steps 200]

CPU seconds are those of all threads; compilation is left out; the best of several runs counts,
since others use the machine too. Every observation is carried from one step to the next and summed
up in part, a part that is not known before: so every byte of it has to be there.
"""

import argparse
import json
import time

import jax
import jax.numpy as jnp

from engrax.envs import (
    Ballet,
    Errands,
    HiddenObjects,
    KeyToDoor,
    LatentTMaze,
    MemoryGame,
    Tasting,
    TMaze,
    VisualMatch,
    VisuomotorMapping,
    WaterMazes,
    Wayfinding,
    WordLearning,
)

TASKS = {
    "ballet": Ballet(),
    "ballet_pixels": Ballet(view="pixels"),
    "errands": Errands(),
    "hidden_objects": HiddenObjects(),
    "key_to_door": KeyToDoor(),
    "latent_tmaze": LatentTMaze(),
    "memory_game": MemoryGame(),
    "tasting": Tasting(),
    "tmaze": TMaze(),
    "visual_match": VisualMatch(),
    "visuomotor_mapping": VisuomotorMapping(),
    "water_mazes": WaterMazes(),
    "wayfinding": Wayfinding(),
    "word_learning": WordLearning(),
}
REPETITIONS = 5


def main():
    arguments = parse()
    chosen = arguments.only or TASKS
    rates = {name: measure(TASKS[name], arguments.streams, arguments.steps) for name in chosen}
    if arguments.json:
        print(json.dumps({name: {"steps_per_cpu_second": round(r)} for name, r in rates.items()}))
        return
    print(f"{'task':<18}{'steps per CPU-second':>22}{'nanoseconds a step':>20}")
    for name, rate in rates.items():
        print(f"{name:<18}{rate:>22,.0f}{1e9 / rate:>20,.0f}")


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=TASKS, metavar="TASK", help="all if not given")
    parser.add_argument("--json", action="store_true", help="print one line of JSON")
    parser.add_argument("--streams", type=int, default=128, help="environments side by side (128)")
    parser.add_argument("--steps", type=int, default=200, help="steps of each in one run (200)")
    return parser.parse_args()


def measure(task, streams, steps):
    """Steps per CPU-second in the best of several runs."""
    keys = jax.random.split(jax.random.key(0), streams)
    carry = (*jax.jit(jax.vmap(task.reset))(keys), jnp.uint32(0))
    play = jax.jit(lambda carry, key: run(task, carry, key, steps))
    carry = jax.block_until_ready(play(carry, jax.random.key(1)))
    best = float("inf")
    for i in range(REPETITIONS):
        start = time.process_time()
        carry = jax.block_until_ready(play(carry, jax.random.key(2 + i)))
        best = min(best, time.process_time() - start)
    return streams * steps / best


def run(task, carry, key, steps):
    """Steps every stream, all through one loop."""

    def turn(carry, key):
        states, shown, checksum = carry
        action_key, step_key = jax.random.split(key)
        count = shown.first.size
        bits = jax.random.bits(action_key, (count,), jnp.uint8)
        actions = (bits % task.interface.actions.size).astype(jnp.int32)
        checksum = checksum + sum(look(part, bits[0]) for part in shown.observation.values())
        states, shown = jax.vmap(task.step)(states, actions, jax.random.split(step_key, count))
        return (states, shown, checksum), None

    return jax.lax.scan(turn, carry, jax.random.split(key, steps))[0]


def look(view, where):
    """The sum over a row of every stream's view, drawn again at each step."""
    row = jax.lax.dynamic_index_in_dim(view, where % view.shape[1], axis=1)
    return jnp.sum(row.astype(jnp.uint32))


if __name__ == "__main__":
    main()
