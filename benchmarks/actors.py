"""What actors on a Ray cluster cost and give, and how many feed one learner.

    python benchmarks/actors.py [--preset lstm-cartpole-hidden] [--json FILE] [--toy]

In this order, each part printed when it is done:

* `messages`: the bytes of the parameters that an actor gets, and of the parcel that it sends;
* `actor`: the seconds that one takes for a segment of its streams, alone;
* `learner`: the seconds of an update whose parcels are there, in all and for each parcel;
* `senders`: processes that wait as long as an actor acts, and then send a parcel: how many arrive
  per second, and how many would if the learner's side took no time;
* `efficiency`: whole training runs, by the command line: one actor on one core, two on two, where
  the learner shares these cores; one device on one core, two on two; one process on one core,
  two that train one run on two. Twice the streams where there are twice the cores.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import jax
import numpy as np

from engrax.experiments.config import Experiment
from engrax.runs.actors import RayActors, share_of, with_impala
from engrax.runs.building import experiment_named
from engrax.runtime import Placement
from engrax.runtime.apart import ApartTrainer, Collector, Parcel
from engrax.runtime.trainer import arrays_of

PURE = "lstm-wayfinding-demo"
"""The preset of which two devices, or two processes, are compared with one."""


def main():
    arguments = parse()
    found: dict[str, Any] = {}
    wanted = ["messages", arguments.only] if arguments.only else list(PARTS)
    for name, part in ((name, PARTS[name]) for name in PARTS if name in wanted):
        found[name] = part(arguments, found)
        print(f"{name}: {json.dumps(found[name])}", flush=True)
        if arguments.json:
            arguments.json.write_text(json.dumps(found, indent=1) + "\n")


def messages(arguments: argparse.Namespace, found: dict[str, Any]) -> dict[str, int]:
    """Bytes of what passes between processes."""
    trainer = run_of(arguments, 2).build()
    arrays = [np.asarray(leaf) for leaf in arrays_of(trainer.agent)]
    return {"parameters": bytes_of(arrays), "parcel": bytes_of(parcel_of(arguments))}


def actor(arguments: argparse.Namespace, found: dict[str, Any]) -> dict[str, float]:
    """Seconds of a segment of one actor's streams."""
    run = run_of(arguments, 2)
    share = share_of(run, 0, 1)
    collector = Collector(share.build())
    arrays = [np.asarray(leaf) for leaf in arrays_of(share.build().agent)]
    collector.collect(arrays, 0)
    times = [seconds_of(lambda: collector.collect(arrays, 0)) for _ in range(rounds(arguments))]
    steps = share.streams * share.segment_length
    return {"seconds": min(times), "steps_per_second": steps / min(times)}


class Ready:
    """Actors whose parcels are always there."""

    def __init__(self, parcel: Parcel):
        self.parcel = parcel

    def give(self, arrays: Any, updates: int) -> None:
        """Nobody acts."""

    def take(self, count: int) -> list[Parcel]:
        """The same parcel again and again."""
        return count * [self.parcel]

    def counted(self) -> dict[str, float]:
        """Nothing happens."""
        return {}


def learner(arguments: argparse.Namespace, found: dict[str, Any]) -> dict[str, float]:
    """Seconds of an update, and of the part of it that comes with each parcel."""
    times = {}
    for actors in (1, 2):
        run = run_of(arguments, actors)
        apart = ApartTrainer(run.build(), Ready(parcel_of(arguments)))
        state = {"now": apart.init()}

        def update(apart: Any = apart, state: dict[str, Any] = state):
            state["now"], metrics = apart.update(state["now"])
            jax.block_until_ready(metrics)

        update()
        times[actors] = min(seconds_of(update) for _ in range(rounds(arguments)))
    each = times[2] - times[1]
    return {"one_parcel": times[1], "two_parcels": times[2], "each_parcel": each}


class Sender:
    """Waits, and sends a parcel of the size of one."""

    def __init__(self, role: Any):
        self.seconds, size = float(os.environ["ENGRAX_SECONDS"]), int(os.environ["ENGRAX_BYTES"])
        self.parcel = Parcel(0, np.zeros(size, np.uint8), None, 0.0)

    def collect(self, arrays: Any, updates: int) -> Parcel:
        """Takes as long as an actor."""
        time.sleep(self.seconds)
        return self.parcel._replace(updates=updates)


class Senders(RayActors):
    """Processes that only send."""

    process = Sender


def senders(arguments: argparse.Namespace, found: dict[str, Any]) -> dict[str, Any]:
    """Parcels that arrive per second, from so many processes."""
    os.environ["ENGRAX_BYTES"] = str(found["messages"]["parcel"])
    arrays = [np.zeros(found["messages"]["parameters"] // 4, np.float32)]
    results = {}
    for count, seconds in ((2, 0.0),) if arguments.toy else ((2, 0.0), (8, 0.05), (24, 0.05)):
        os.environ["ENGRAX_SECONDS"] = str(seconds)
        run = run_of(arguments, count)
        with Senders(run) as actors:
            actors.give(arrays, 0)
            actors.take(3 * count)
            start, taken = time.monotonic(), 0
            while time.monotonic() - start < (1.0 if arguments.toy else 8.0):
                actors.give(arrays, taken)
                taken += len(actors.take(count))
            rate = taken / (time.monotonic() - start)
        free = count / seconds if seconds else None
        results[f"{count} of {seconds} s"] = {"parcels_per_second": rate, "if_free": free}
    return results


def efficiency(arguments: argparse.Namespace, found: dict[str, Any]) -> dict[str, Any]:
    """Steps per second of whole runs on one core and on two, and two as a share of twice one."""
    results = {}
    impala = ["--learner", "impala", "--learner.minibatches", "1"]
    streams = run_of(arguments, 1).streams
    for name, words in (
        ("actors", lambda count: [arguments.preset, *impala, "--actors", str(count)]),
        ("devices", lambda count: [PURE, "--placement.devices", str(count)]),
        ("processes", lambda count: [PURE]),
    ):
        each = streams if name == "actors" else experiment_named(PURE).streams
        rates = [
            rate_of_run([*words(count), "--streams", str(count * each)], name, count, arguments.toy)
            for count in (1, 2)
        ]
        results[name] = {"one": rates[0], "two": rates[1], "efficiency": rates[1] / rates[0] / 2}
    return results


def rate_of_run(words: list[str], name: str, count: int, toy: bool) -> float:
    """Environment steps per second of a run on so many cores."""
    cores = [str(core) for core in sorted(os.sched_getaffinity(0))[:2]]
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "run"
        updates = "4" if toy else "400" if name == "actors" else "100"
        command = [sys.executable, "-m", "engrax", "train", *words, "--updates", updates]
        command += ["--out", str(out)]
        if name == "processes" and count > 1:
            where = ["--coordinator", "127.0.0.1:29571", "--hosts", str(count), "--host"]
            commands = [[*command, *where, str(index)] for index in range(count)]
            kept = [cores[index] for index in range(count)]
        else:
            commands, kept = [command], [",".join(cores[:count])]
        runs = [
            subprocess.Popen(["taskset", "-c", keep, *one], stderr=subprocess.DEVNULL)
            for keep, one in zip(kept, commands, strict=True)
        ]
        if any([run.wait() for run in runs]):
            raise SystemExit(f"failed: {commands}")
        return rate_of(out / "metrics.jsonl")


def rate_of(log: Path) -> float:
    """Environment steps per second of the second half of a run."""
    rows = [json.loads(line) for line in log.read_text().splitlines()]
    first, last = rows[len(rows) // 2], rows[-1]
    steps = last["environment_steps"] - first["environment_steps"]
    return steps / (last["seconds"] - first["seconds"])


def run_of(arguments: argparse.Namespace, actors: int) -> Experiment:
    """The preset with so many actors, each with as many streams as half of the preset has."""
    start = experiment_named(arguments.preset)
    each = 2 if arguments.toy else start.streams // 2
    learner = replace(start.learner, minibatches=1)
    run = replace(start, streams=actors * each, learner=learner, placement=Placement(actors=actors))
    return with_impala(run)


def parcel_of(arguments: argparse.Namespace) -> Parcel:
    """What an actor sends."""
    trainer = share_of(run_of(arguments, 2), 0, 1).build()
    return Collector(trainer).collect([np.asarray(leaf) for leaf in arrays_of(trainer.agent)], 0)


def bytes_of(tree: Any) -> int:
    """The bytes of a tree's arrays."""
    return sum(np.asarray(leaf).nbytes for leaf in jax.tree.leaves(tree) if hasattr(leaf, "nbytes"))


def rounds(arguments: argparse.Namespace) -> int:
    """How often a part is timed; the quickest counts."""
    return 2 if arguments.toy else 20


def seconds_of(run: Any) -> float:
    """The time of one call."""
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


PARTS = {
    "messages": messages,
    "actor": actor,
    "learner": learner,
    "senders": senders,
    "efficiency": efficiency,
}


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--preset", default="lstm-cartpole-hidden", help="with host environments")
    parser.add_argument("--only", metavar="PART", choices=PARTS, help="one part alone")
    parser.add_argument("--json", type=Path, metavar="FILE", help="where to write the results")
    parser.add_argument("--toy", action="store_true", help="toy sizes, to see that it runs")
    return parser.parse_args()


if __name__ == "__main__":
    main()
