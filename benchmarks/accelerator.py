"""What an accelerator does with HCAM on Ballet, in one go.

    python benchmarks/accelerator.py [--minutes 8] [--json FILE] [--toy]

In this order, each part in a process of its own, so that one that runs out of memory stops nothing:

* the rates of large matrix products, in float32, TF32 and bfloat16;
* for two presets, several numbers of streams, and products in TF32 or bfloat16 (and then rows of
  chunks in bfloat16, too): how fast they train, the seconds of compilation, the peak of the
  device's memory, the share of the product's rate, and how many copies of the memory's state the
  compiled acting loop makes;
* the learner's read of HCAM as a gather of each query's chunks, and as one masked product;
* several seeds side by side in one program;
* the laws of memories and agents, at each precision;
* training for the minutes that are left, and 500 fresh episodes.

The results are written after each part. A part that is not started in time is left out and named.
"""

import argparse
import functools
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

SMALL, LARGE = "hcam-ballet-levels", "hcam-ballet-paper"
SPEEDS = (
    *((LARGE, count, precision) for count in (64, 512) for precision in ("tf32", "bfloat16")),
    *((SMALL, count, "tf32") for count in (64, 512, 4096)),
)
READS = ((SMALL, 64), (SMALL, 512))
SEEDS = 4
TOLERANCES = {"float32": 1e-4, "tf32": 2e-2, "bfloat16": 1e-1}
"""Of laws, by the precision of products."""
PRODUCT_SIZE = 8192
SHORTEST = 60.0
"""Seconds that a part must have to be started."""
FOR_TRAINING = 150.0
"""Seconds that are kept for the training."""
TRAINING = {"streams": "1024", "learner.minibatches": "8"}


def main():
    arguments = parse()
    if arguments.part:
        name, *words = arguments.part.split(":")
        print(json.dumps(PARTS[name](arguments.toy, *words)))
        return
    deadline, results = time.monotonic() + 60.0 * arguments.minutes, {}
    for part in planned(arguments.toy):
        training = part == "training"
        left = deadline - time.monotonic() - (0.0 if training else FOR_TRAINING)
        if left < SHORTEST and not arguments.toy:
            results[part] = {"left_out": "no time left"}
        else:
            started = time.monotonic()
            word = f"{part}:{left - 30.0:.0f}" if training else part
            results[part] = run(word, arguments.toy, left)
            results[part]["seconds"] = round(time.monotonic() - started, 1)
        print(f"{part}: {json.dumps(results[part])}", flush=True)
        if arguments.json:
            arguments.json.write_text(json.dumps(results, indent=1) + "\n")


def planned(toy: bool) -> list[str]:
    """The parts, in order."""
    speeds = [f"speed:{preset}:{count}:{how}" for preset, count, how in SPEEDS]
    reads = [f"{how}:{preset}:{count}" for preset, count in READS for how in ("gathered", "dense")]
    together = [f"together:{SMALL}:{SEEDS}"]
    laws = [f"laws:{precision}" for precision in TOLERANCES]
    if toy:
        speeds, reads, laws = speeds[1:2], reads[1:2], laws[1:2]
    return ["products", *speeds, *reads, *together, *laws, "training"]


def run(part: str, toy: bool, seconds: float) -> dict[str, Any]:
    """Runs a part in a process of its own; what went wrong is its result, too."""
    command = [sys.executable, __file__, "--part", part, *(["--toy"] if toy else [])]
    surroundings = {**os.environ, "XLA_PYTHON_CLIENT_PREALLOCATE": "false"}
    limit = None if toy else max(seconds, SHORTEST)
    try:
        done = subprocess.run(
            command, env=surroundings, capture_output=True, text=True, timeout=limit, check=False
        )
    except subprocess.TimeoutExpired:
        return {"failed": f"took longer than {limit:.0f} s"}
    if done.returncode:
        named = [line for line in done.stderr.splitlines() if re.match(r"[\w.]+Error", line)]
        return {"failed": (named or done.stderr.splitlines() or ["no message"])[-1][:500]}
    return json.loads(done.stdout.strip().splitlines()[-1])


def products(toy: bool) -> dict[str, Any]:
    """FLOPs a second of a product of large square matrices."""
    import jax

    size, rates = (64 if toy else PRODUCT_SIZE), {}
    for name, precision, kind in (
        ("float32", "highest", "float32"),
        ("tensorfloat32", "tensorfloat32", "float32"),
        ("bfloat16", "default", "bfloat16"),
    ):
        matrix = jax.random.normal(jax.random.key(0), (size, size)).astype(kind)
        with jax.default_matmul_precision(precision):
            product = jax.jit(lambda a, b: a @ b)
            run = functools.partial(product, matrix, matrix)
            times = [seconds_of(run) for _ in range(10)]
        rates[name] = 2 * size**3 / min(times)
    device = jax.devices()[0]
    return {"device": device.device_kind, "jax": jax.__version__, "flops_per_second": rates}


def speed(toy: bool, preset: str, streams: str, precision: str) -> dict[str, Any]:
    """How fast a preset trains with so many streams, with products of a precision."""
    settings = {"streams": streams, "placement.precision": precision}
    if precision == "bfloat16":
        settings["memory.row_dtype"] = precision
    return measured_speed(experiment(preset, toy, settings))


def gathered(toy: bool, preset: str, streams: str) -> dict[str, Any]:
    """How fast a preset trains if the learner's reads gather the chunks of every query."""
    return speed_of_reads(sys.maxsize, toy, preset, streams)


def dense(toy: bool, preset: str, streams: str) -> dict[str, Any]:
    """How fast a preset trains if the learner's reads are masked products over all chunks."""
    return speed_of_reads(0, toy, preset, streams)


def speed_of_reads(most_taken: int, toy: bool, preset: str, streams: str) -> dict[str, Any]:
    """The speed where reads of more numbers than this are masked products."""
    from engrax.memory.hcam import read

    read.MOST_TAKEN = most_taken
    return measured_speed(experiment(preset, toy, {"streams": streams}))


def together(toy: bool, preset: str, seeds: str) -> dict[str, Any]:
    """Environment steps a second of one run, and of several side by side in one program."""
    from dataclasses import replace

    import jax

    from engrax.runtime.side_by_side import SideBySide

    chosen = experiment(preset, toy, {"placement.devices": "1"})
    trainers = [replace(chosen, seed=seed).build() for seed in range(int(seeds))]
    rates = {}
    for count in (1, len(trainers)):
        runs = SideBySide(trainers[0], [trainer.init() for trainer in trainers[:count]])
        runs.update()
        times = [seconds_of(runs.update) for _ in range(10)]
        rates[str(count)] = round(count * trainers[0].environment_steps(1) / min(times))
    return {"steps_per_second": rates, "device": jax.devices()[0].device_kind}


def measured_speed(chosen: Any) -> dict[str, Any]:
    """How fast an experiment trains."""
    import jax

    from engrax.measuring.speed import measure

    trainer = chosen.build()
    started, rounds = time.perf_counter(), measure(trainer, 3)
    next(rounds)
    compiled = time.perf_counter() - started
    *_, found = rounds
    statistics = jax.devices()[0].memory_stats() or {}
    return {
        "steps_per_second": round(found.steps_per_second),
        "environment_share": round(found.environment, 4),
        "acting_share": round(found.acting, 4),
        "learning_share": round(found.learning, 4),
        "model_flops_per_second": round(found.steps_per_second * found.flops_per_step),
        "compile_seconds": round(compiled, 1),
        "peak_gigabytes": round(statistics.get("peak_bytes_in_use", 0) / 1e9, 3),
        "copies_of_the_memory": copies(trainer),
    }


def copies(trainer: Any) -> dict[str, int]:
    """How often the compiled acting loop copies an array of the shape of one of the memory's.

    A ring that is updated in place is copied at the loop's start and end at most.
    """
    import equinox as eqx
    import jax

    state, key = trainer.init(), jax.random.key(0)
    lowered = eqx.filter_jit(trainer.act).lower(state.learner.agent, state.streams, key)
    text = lowered.compile().compiled.as_text()
    shapes = {
        ",".join(map(str, leaf.shape))
        for leaf in jax.tree.leaves(state.streams.agent)
        if len(leaf.shape) > 2
    }
    made = re.findall(r"= \w+\[([\d,]+)\]\S* copy(?:-start)?\(", text)
    return dict(Counter(shape for shape in made if shape in shapes))


def laws(toy: bool, precision: str) -> dict[str, Any]:
    """The laws of memories and agents at a precision, with rows in bfloat16 where it is that."""
    from dataclasses import replace

    import jax

    from engrax.agents import ActorCriticSizes, MERLINSizes
    from engrax.envs import Recall
    from engrax.memory import MEMORIES
    from engrax.runtime.placement import PRODUCTS
    from engrax.testing import check_agent, check_memory

    jax.config.update("jax_default_matmul_precision", PRODUCTS[precision])
    tolerance = TOLERANCES[precision]
    interface, key = Recall().interface, jax.random.key(0)
    names = ("none",) if toy else ("hcam", "gtrxl", "lstm", "dnc")
    sizes = {name: MEMORIES[name].tiny() for name in names}
    if precision == "bfloat16" and "hcam" in sizes:
        sizes["hcam"] = replace(sizes["hcam"], row_dtype="bfloat16")
    checks: dict[str, Callable[[], None]] = {
        name: lambda one=one: check_memory(one.build(5, key=key), 5, tolerance=tolerance)
        for name, one in sizes.items()
    }
    for chosen in () if toy or precision != "float32" else (ActorCriticSizes(), MERLINSizes()):
        agent = chosen.tiny().build(interface, key=key)
        checks[type(agent).__name__] = lambda agent=agent: check_agent(agent, interface)
    return {name: outcome(check) for name, check in checks.items()}


def outcome(check: Callable[[], None]) -> str:
    """What a check says."""
    try:
        check()
    except AssertionError as error:
        return str(error)[:500]
    return "kept"


def training(toy: bool, seconds: str) -> dict[str, Any]:
    """Trains the first preset with many streams for so long, and plays fresh episodes."""
    import engrax
    from engrax.runs.evaluating import evaluate_levels

    chosen = experiment(SMALL, toy, {} if toy else TRAINING)
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "run"
        outcome = engrax.train(chosen, out, seconds=max(float(seconds), 1.0))
        trained = time.monotonic() - started
        found = evaluate_levels(out, 20 if toy else 500, seed=1)
    level = list(found.values())[-1]
    return {
        "updates": outcome.updates,
        "environment_steps": level.environment_steps,
        "training_seconds": round(trained, 1),
        "levels": {name: [one.returns.value, one.returns.ci95] for name, one in found.items()},
    }


def experiment(preset: str, toy: bool, settings: dict[str, str]) -> Any:
    """A preset with some settings changed, at debug size if it is only to be seen to run."""
    from dataclasses import replace

    from engrax.experiments.presets import debug_size
    from engrax.runs.building import experiment_named

    chosen = experiment_named(preset, settings)
    return replace(debug_size(chosen), updates=2) if toy else chosen


def seconds_of(run: Callable[[], Any]) -> float:
    """The time of one run."""
    import jax

    started = time.perf_counter()
    jax.block_until_ready(run())
    return time.perf_counter() - started


PARTS = {
    "products": products,
    "speed": speed,
    "gathered": gathered,
    "dense": dense,
    "together": together,
    "laws": laws,
    "training": training,
}


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=8.0, help="for everything (8)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="where to write the results")
    parser.add_argument("--toy", action="store_true", help="toy sizes, to see that it runs")
    parser.add_argument("--part", metavar="NAME", help="one part alone, such as products")
    return parser.parse_args()


if __name__ == "__main__":
    main()
