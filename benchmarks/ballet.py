"""How fast Ballet runs: environment steps per CPU-second, batched, with random actions, restarts
included.

    python benchmarks/ballet.py [--json] [--num-dancers 2] [--dance-delay 16] [--streams 128]
    [--steps 200]

CPU seconds are those of all threads; compilation is left out; the best of several runs counts,
since others use the machine too. Every observation is carried from one step to the next and summed
up in part, a part that is not known
before: so every byte of it has to be there.
"""

import argparse
import json
import time

import jax
import jax.numpy as jnp

from engrax.envs.ballet import Ballet

REPETITIONS = 5


def main():
    arguments = parse()
    rates = {view: measure(view, arguments) for view in ("pixels", "symbols")}
    if arguments.json:
        print(
            json.dumps(
                {view: {"steps_per_cpu_second": round(rate)} for view, rate in rates.items()}
            )
        )
        return
    print(
        f"Ballet, {arguments.num_dancers} dancers, delay {arguments.dance_delay}, "
        f"{arguments.streams} streams"
    )
    print(f"{'view':<10}{'steps per CPU-second':>22}{'nanoseconds a step':>20}")
    for view, rate in rates.items():
        print(f"{view:<10}{rate:>22,.0f}{1e9 / rate:>20,.0f}")


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print one line of JSON")
    parser.add_argument("--num-dancers", type=int, default=2)
    parser.add_argument("--dance-delay", type=int, default=16)
    parser.add_argument("--streams", type=int, default=128, help="environments side by side")
    parser.add_argument("--steps", type=int, default=200, help="steps of each stream in one run")
    return parser.parse_args()


def measure(view, arguments):
    """Steps per CPU-second in the best of several runs."""
    env = Ballet(arguments.num_dancers, arguments.dance_delay, view=view)
    keys = jax.random.split(jax.random.key(0), arguments.streams)
    carry = (*jax.jit(jax.vmap(env.reset))(keys), jnp.uint32(0))
    play = jax.jit(lambda carry, key: run(env, carry, key, arguments.steps))
    carry = jax.block_until_ready(play(carry, jax.random.key(1)))
    best = float("inf")
    for i in range(REPETITIONS):
        start = time.process_time()
        carry = jax.block_until_ready(play(carry, jax.random.key(2 + i)))
        best = min(best, time.process_time() - start)
    return arguments.streams * arguments.steps / best


def run(env, carry, key, steps):
    """Steps every stream, all through one loop."""

    def turn(carry, key):
        states, shown, checksum = carry
        action_key, step_key = jax.random.split(key)
        count = shown.first.size
        bits = jax.random.bits(action_key, (count,), jnp.uint8)
        actions = (bits % env.interface.actions.size).astype(jnp.int32)
        checksum = checksum + look(shown.observation[env.modality], bits[0])
        states, shown = jax.vmap(env.step)(states, actions, jax.random.split(step_key, count))
        return (states, shown, checksum), None

    return jax.lax.scan(turn, carry, jax.random.split(key, steps))[0]


def look(view, where):
    """The sum over a row of every stream's view, drawn again at each step."""
    row = jax.lax.dynamic_index_in_dim(view, where % view.shape[1], axis=1)
    return jnp.sum(row.astype(jnp.uint32))


if __name__ == "__main__":
    main()
