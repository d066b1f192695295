"""Kills processes of training runs at random moments, and looks at what is left.

    python benchmarks/kills.py [--kills 100] [--seed 0] [--json FILE]

The kinds in turn, each with its share of the kills:

* `trainer`: the process of a run in JAX; `engrax resume` goes on;
* `worker`: a process that steps environments for a run in Python;
* `actor`: the process of an actor on a Ray cluster of this machine;
* `learner`: the process that learns from actors; `engrax resume` goes on;
* `raylet`: Ray's own process on this machine, which takes the learner with it; likewise;
* `host`: one of two processes that train one run; `--retries` goes on.

And `stopped`: an actor that is stopped by SIGSTOP for as many seconds as `--stop` says (60).

Of each kind is reported: updates that are missing or twice in the log, rows whose count of steps is
wrong, for `trainer` and `host` whether the state is that of a run that nothing happened to, and
processes and shared memory that are left. Anything but none makes the exit status 1. No other
command of engrax or Ray may start meanwhile: its processes would be counted.
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

ENGRAX = [sys.executable, "-m", "engrax"]
HOST = ["lstm-cartpole-hidden", "--streams", "8", "--segment_length", "8"]
ACTORS = [*HOST, "--learner", "impala", "--learner.minibatches", "2", "--actors", "2"]
FOREVER = "1000000"
SHARES = {
    "trainer": 0.25,
    "worker": 0.25,
    "actor": 0.25,
    "learner": 0.1,
    "raylet": 0.05,
    "host": 0.1,
}
SHORTEST, LONGEST = 0.2, 3.0
"""Seconds of training before a kill, at random between these."""
SECONDS_TO_END = 60.0


class Kind(NamedTuple):
    """A kind of process to kill.

    Attributes:
        words: of `engrax train`.
        victims: of the process of the run, those that may be killed.
        steps: environment steps of an update.
        ends: whether the run's process ends, too, and is resumed.
        hosts: processes that train the run together.
    """

    words: list[str]
    victims: Callable[[int], list[int]]
    steps: int
    ends: bool
    hosts: int = 1


def main():
    arguments = parse()
    draw, found = random.Random(arguments.seed), {}
    for name, kind in KINDS.items():
        if arguments.only not in (None, name):
            continue
        count = max(1, round(arguments.kills * SHARES.get(name, 0)))
        stop = arguments.stop if name == "stopped" else 0.0
        with tempfile.TemporaryDirectory() as folder:
            found[name] = tried(kind, 1 if stop else count, stop, draw, Path(folder) / "run")
        print(f"{name}: {json.dumps(found[name])}", flush=True)
        if arguments.json:
            arguments.json.write_text(json.dumps(found, indent=1) + "\n")
    faults = [number for one in found.values() for number in one["faults"].values()]
    raise SystemExit(1 if any(faults) else 0)


def tried(kind: Kind, kills: int, stop: float, draw: random.Random, out: Path) -> dict[str, Any]:
    """A run whose processes are killed so often, and what is wrong with it at its end."""
    shared, there = set(os.listdir("/dev/shm")), ours()
    start = [*ENGRAX, "train", *kind.words, "--updates", FOREVER, "--checkpoint_every", "5"]
    port = draw.randrange(20_000, 30_000)
    runs = [
        begun([*start, "--out", str(out), *place(kind, port, i)], kind) for i in range(kind.hosts)
    ]
    run, again = runs[0], 0
    began = time.monotonic()
    for _ in range(kills):
        wait_for_rows(out, run, updates(out) + 2)
        time.sleep(draw.uniform(SHORTEST, LONGEST))
        before = updates(out)
        victim = draw.choice(kind.victims(draw.choice(runs).pid))
        os.kill(victim, signal.SIGSTOP if stop else signal.SIGKILL)
        if stop:
            time.sleep(stop)
            during = updates(out) - before
            os.kill(victim, signal.SIGCONT)
        if kind.ends:
            run.wait(SECONDS_TO_END)
            run, again = begun([*ENGRAX, "resume", str(out)], kind), again + 1
            runs = [run]
    wait_for_rows(out, run, updates(out) + 2)
    for one in runs:  # as Ctrl-C in a terminal: all processes of the group get it
        os.killpg(one.pid, signal.SIGINT)
    for one in runs:
        one.wait(SECONDS_TO_END)
    ended = time.monotonic()
    while (left := ours() - there) and time.monotonic() - ended < SECONDS_TO_END:
        time.sleep(0.5)
    logged, made = rows(out), updates(out)
    faults = {
        **faults_of(logged, kind.steps, runs),
        "processes_left": len(left),
        "shared_memory_left": len(set(os.listdir("/dev/shm")) - shared),
    }
    if kind.words[0] == "debug":
        faults["another_state"] = int(digest(out) != digest_alone(kind, made, out.parent))
    if stop:
        faults["no_update_meanwhile"] = int(during == 0)
    return {
        "kills": kills,
        "resumed": again,
        "updates": made,
        "restarts": sum(restarts(row) for row in logged),
        "seconds": round(ended - began, 1),
        "seconds_until_no_process_was_left": round(time.monotonic() - ended, 1),
        "faults": faults,
    }


def faults_of(
    logged: list[dict[str, Any]], steps: int, runs: list[subprocess.Popen[bytes]]
) -> dict[str, int]:
    """What is wrong with the log of a run that was stopped, of so many steps an update."""
    numbers = [row["update"] for row in logged]
    return {
        "updates_missing": len(set(range(1, max(numbers) + 1)) - set(numbers)),
        "updates_twice": len(numbers) - len(set(numbers)),
        "wrong_steps": sum(row["environment_steps"] != steps * row["update"] for row in logged),
        "status": sum(one.returncode != 130 for one in runs),
    }


def begun(command: list[str], kind: Kind) -> subprocess.Popen[bytes]:
    """A process of its own group, which says nothing."""
    quiet = subprocess.DEVNULL
    devices = {"JAX_NUM_CPU_DEVICES": "1"} if kind.hosts > 1 else {}
    return subprocess.Popen(
        command, stdout=quiet, stderr=quiet, start_new_session=True, env={**os.environ, **devices}
    )


def place(kind: Kind, port: int, index: int) -> list[str]:
    """The words that say which of several processes one is."""
    if kind.hosts == 1:
        return []
    where = ["--coordinator", f"127.0.0.1:{port}", "--hosts", str(kind.hosts), "--host", str(index)]
    return [*where, "--retries", "1000"]


def wait_for_rows(out: Path, run: subprocess.Popen[bytes], count: int) -> None:
    """Waits until the log says that so many updates are made."""
    deadline = time.monotonic() + 180.0
    while updates(out) < count:
        if run.poll() is not None or time.monotonic() > deadline:
            raise SystemExit(f"{out}: no update {count}; the run's status is {run.poll()}")
        time.sleep(0.02)


def rows(out: Path) -> list[dict[str, Any]]:
    """The whole lines of the log."""
    found = []
    with suppress(FileNotFoundError):
        for line in (out / "metrics.jsonl").read_text().splitlines():
            with suppress(ValueError):
                found.append(json.loads(line))
    return found


def updates(out: Path) -> int:
    """The last update in the log."""
    return max((row["update"] for row in rows(out)), default=0)


def restarts(row: dict[str, Any]) -> int:
    """Processes that were made again in an update."""
    return int(row.get("worker_restarts") or 0) + int(row.get("actor_restarts") or 0)


def digest(out: Path) -> str:
    """Of the state that a run has saved."""
    shown = subprocess.run([*ENGRAX, "show", str(out), "--json"], capture_output=True, check=True)
    return json.loads(shown.stdout)["state_sha256"]


def digest_alone(kind: Kind, count: int, folder: Path) -> str:
    """Of the state of a run of so many updates, in one process, to which nothing happens."""
    out = folder / "alone"
    command = [*ENGRAX, "train", *kind.words, "--updates", str(count), "--out", str(out)]
    devices = {"JAX_NUM_CPU_DEVICES": str(kind.hosts)} if kind.hosts > 1 else {}
    surroundings = {**os.environ, **devices}
    subprocess.run(command, check=True, capture_output=True, env=surroundings)
    return digest(out)


def processes() -> dict[int, tuple[int, str]]:
    """All processes: their parents and command lines."""
    found = {}
    for path in Path("/proc").glob("[0-9]*"):
        with suppress(OSError, IndexError):
            parent = int((path / "stat").read_text().rpartition(")")[2].split()[1])
            words = (path / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            found[int(path.name)] = parent, words
    return found


def descendants(pid: int) -> list[int]:
    """The processes that a process has started, and those that these have."""
    there = processes()
    children = [child for child, (parent, _) in there.items() if parent == pid]
    return children + [one for child in children for one in descendants(child)]


def ours() -> set[int]:
    """The processes of this user that belong to engrax or Ray, whoever started them."""
    parts = ("engrax train", "engrax resume", "forkserver", "ray::", "raylet", "gcs_server")
    return {
        pid
        for pid, (_, words) in processes().items()
        if any(part in words for part in parts) and pid != os.getpid()
    }


def named(*parts: str) -> Callable[[int], list[int]]:
    """Finds the descendants whose command line has one of some parts."""

    def find(pid: int) -> list[int]:
        there = processes()
        deadline = time.monotonic() + 60.0
        while time.monotonic() < deadline:
            there = processes()
            family = [one for one in descendants(pid) if one in there]
            if found := [one for one in family if any(part in there[one][1] for part in parts)]:
                return found
            time.sleep(0.1)
        raise SystemExit(f"no process with {parts} of {pid}: {[there[one] for one in family]}")

    return find


def workers(pid: int) -> list[int]:
    """The processes of the fork server that steps environments."""
    there = processes()
    servers = [one for one in descendants(pid) if "forkserver" in there.get(one, (0, ""))[1]]
    return [one for one in servers if there[one][0] in servers] or servers


def itself(pid: int) -> list[int]:
    """The process of the run."""
    return [pid]


def watched(pid: int) -> list[int]:
    """The process that another one watches."""
    return named("-m engrax")(pid)


KINDS = {
    "trainer": Kind(["debug", "--streams", "4"], itself, 64, True),
    "worker": Kind(
        [*HOST, "--learner.minibatches", "2", "--placement.workers", "2"], workers, 64, False
    ),
    "actor": Kind(ACTORS, named("ray::Actor"), 64, False),
    "learner": Kind(ACTORS, itself, 64, True),
    "raylet": Kind(ACTORS, named("raylet/raylet"), 64, True),
    "host": Kind(["debug", "--streams", "4"], watched, 64, False, hosts=2),
    "stopped": Kind(ACTORS, named("ray::Actor"), 64, False),
}


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=100, help="in all (100)")
    parser.add_argument("--stop", type=float, default=60.0, help="seconds of SIGSTOP (60)")
    parser.add_argument("--only", metavar="KIND", choices=KINDS, help="one kind alone")
    parser.add_argument("--seed", type=int, default=0, help="of the moments and victims")
    parser.add_argument("--json", type=Path, metavar="FILE", help="where to write the results")
    return parser.parse_args()


if __name__ == "__main__":
    main()
