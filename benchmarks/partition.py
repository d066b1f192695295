"""Cuts the network between two nodes while a run trains on both, and looks at what is left.

    sudo python benchmarks/partition.py [--only actors-90] [--json FILE]

The nodes are two network namespaces of this machine with a cable between them (Linux; needs root).

* `actors-N`: a Ray cluster of both, the learner and an actor on the one, an actor on the other; the
  cable is cut for N seconds. Ray gives a node up that does not answer, and what is left of that
  node ends itself when the cable is back; it is started again then, as its owner would.
* `hosts-N`: one of two processes that train one run on each, with `--retries`.

Reported are the updates while the cable was cut, the seconds until both nodes worked again, and
what `kills.py` looks for. Anything wrong makes the exit status 1.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from kills import (
    ENGRAX,
    FOREVER,
    KINDS,
    SECONDS_TO_END,
    digest,
    digest_alone,
    faults_of,
    processes,
    rows,
    updates,
)

ADDRESSES = ("10.77.0.1", "10.77.0.2")
NAMES = tuple(f"engrax-{index}" for index in range(2))
PORT = 6379
SECONDS_TO_WORK = 240.0
ENVIRONMENT = {"RAY_AUTH_MODE": "disabled", "RAY_USAGE_STATS_ENABLED": "0"}
CASES = ("actors-10", "actors-90", "hosts-10", "hosts-60")


def main():
    arguments = parse()
    found: dict[str, Any] = {}
    for case in CASES if arguments.only is None else (arguments.only,):
        kind, _, seconds = case.partition("-")
        with tempfile.TemporaryDirectory() as folder, network():
            found[case] = CUTS[kind](Path(folder) / "run", float(seconds))
        print(f"{case}: {json.dumps(found[case])}", flush=True)
        if arguments.json:
            arguments.json.write_text(json.dumps(found, indent=1) + "\n")
    wrong = [number for one in found.values() for number in one["faults"].values()]
    raise SystemExit(1 if any(wrong) else 0)


@contextmanager
def network() -> Iterator[None]:
    """Two nodes and a cable; what runs on them is ended with the block."""
    for name in NAMES:
        ip("netns", "add", name)
    try:
        ends = ["type", "veth", "peer", "name", "cable", "netns", NAMES[1]]
        ip("link", "add", "cable", "netns", NAMES[0], *ends)
        for name, address in zip(NAMES, ADDRESSES, strict=True):
            ip("-n", name, "address", "add", f"{address}/24", "dev", "cable")
            for device in ("lo", "cable"):
                ip("-n", name, "link", "set", device, "up")
        yield
    finally:
        for name in NAMES:
            for pid in on_node(name):
                os.kill(pid, signal.SIGKILL)
            ip("netns", "delete", name)


def cut(seconds: float) -> None:
    """Cuts the cable for so long."""
    ip("-n", NAMES[0], "link", "set", "cable", "down")
    time.sleep(seconds)
    ip("-n", NAMES[0], "link", "set", "cable", "up")


def actors(out: Path, seconds: float) -> dict[str, Any]:
    """A run whose second actor is on the other node."""
    kind = KINDS["actor"]
    with ExitStack() as opened:
        opened.callback(stop_ray)
        ray(0, "--head", "--port", str(PORT), "--include-dashboard", "false")
        ray(1, "--address", f"{ADDRESSES[0]}:{PORT}")
        words = [*ENGRAX, "train", *kind.words, "--ray-address", f"{ADDRESSES[0]}:{PORT}"]
        words += ["--updates", FOREVER, "--checkpoint_every", "5", "--out", str(out)]
        run = on(0, words)
        until(lambda: acts() and updates(out) >= 20, run)
        before = updates(out)
        cut(seconds)
        during, healed, again = updates(out) - before, time.monotonic(), 0
        while time.monotonic() - healed < SECONDS_TO_WORK:
            if not named_on(1, "raylet/raylet"):
                ray(1, "--address", f"{ADDRESSES[0]}:{PORT}")
                again += 1
            if acts():
                break
        works = time.monotonic() - healed
        until(lambda: updates(out) > before + during + 30, run)
        os.killpg(run.pid, signal.SIGINT)
        run.wait(SECONDS_TO_END)
    faults = faults_of(rows(out), kind.steps, [run]) | {
        "the_other_node_is_idle": int(works > SECONDS_TO_WORK)
    }
    faults["no_update_meanwhile"] = int(during == 0)
    made = sum(int(row["actor_restarts"] or 0) for row in rows(out))
    return {
        "updates": updates(out),
        "updates_while_cut": during,
        "node_started_again": again,
        "actors_made_again": made,
        "seconds_until_both_worked": round(works, 1),
        "faults": faults,
    }


def hosts(out: Path, seconds: float) -> dict[str, Any]:
    """A run of two processes, one on each node."""
    kind = KINDS["host"]
    where = [
        "--coordinator",
        f"{ADDRESSES[0]}:{PORT}",
        "--hosts",
        "2",
        "--retries",
        "1000",
        "--host",
    ]
    start = [*ENGRAX, "train", *kind.words, "--updates", FOREVER, "--checkpoint_every", "5"]
    runs = [on(i, [*start, "--out", str(out), *where, str(i)]) for i in range(2)]
    until(lambda: updates(out) >= 20, runs[0])
    cut(seconds)
    before, healed = updates(out), time.monotonic()
    until(lambda: updates(out) > before + 20, runs[0])
    works = time.monotonic() - healed
    for run in runs:
        os.killpg(run.pid, signal.SIGINT)
    for run in runs:
        run.wait(SECONDS_TO_END)
    alone = digest_alone(kind, updates(out), out.parent)
    faults = faults_of(rows(out), kind.steps, runs) | {"another_state": int(digest(out) != alone)}
    return {
        "updates": updates(out),
        "seconds_until_both_worked": round(works, 1),
        "faults": faults,
    }


CUTS = {"actors": actors, "hosts": hosts}


def on(node: int, words: list[str]) -> subprocess.Popen[bytes]:
    """Starts a command on a node. The second has a folder of its own for what Ray keeps."""
    script = 'mkdir -p /tmp/ray && mount -t tmpfs ray /tmp/ray && exec "$@"'
    private = ["unshare", "--mount", "sh", "-c", script, "sh"] if node else []
    return subprocess.Popen(
        ["ip", "netns", "exec", NAMES[node], *private, *words],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        env={**os.environ, **ENVIRONMENT, "JAX_NUM_CPU_DEVICES": "1"},
    )


def ray(node: int, *words: str) -> None:
    """Starts Ray on a node, with one processor, and waits until it runs."""
    program = str(Path(sys.executable).with_name("ray"))
    address = ["--node-ip-address", ADDRESSES[node], "--num-cpus", "1", "--block"]
    process = on(node, [program, "start", *words, *address])
    until(lambda: named_on(node, "raylet/raylet"), process)


def stop_ray() -> None:
    """Ends what Ray has started on the nodes."""
    for pid in [pid for name in NAMES for pid in on_node(name)]:
        os.kill(pid, signal.SIGTERM)
    time.sleep(3.0)


def until(there: Callable[[], object], process: subprocess.Popen[bytes]) -> None:
    """Waits for something to be there."""
    deadline = time.monotonic() + SECONDS_TO_WORK
    while not there():
        if process.poll() is not None or time.monotonic() > deadline:
            raise SystemExit(f"waited in vain; the status of {process.args} is {process.poll()}")
        time.sleep(0.1)


def acts() -> bool:
    """Whether the actor of the second node works: half a second of its processor in two."""

    def spent() -> float:
        ticks = 0
        for pid in named_on(1, "ray::Actor"):
            with suppress(OSError):  # it may just have ended
                stat = Path(f"/proc/{pid}/stat").read_text()
                ticks += sum(map(int, stat.rpartition(")")[2].split()[11:13]))
        return ticks / os.sysconf("SC_CLK_TCK")

    before = spent()
    time.sleep(2.0)
    return spent() - before > 0.5


def named_on(node: int, part: str) -> list[int]:
    """The processes of a node that have something in their command line."""
    there = processes()
    return [pid for pid in on_node(NAMES[node]) if part in there.get(pid, (0, ""))[1]]


def on_node(name: str) -> list[int]:
    return [int(pid) for pid in ip("netns", "pids", name).split()]


def ip(*words: str) -> str:
    return subprocess.run(["ip", *words], check=True, capture_output=True, text=True).stdout


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", metavar="KIND-SECONDS", help=f"such as {CASES[0]}")
    parser.add_argument("--json", type=Path, metavar="FILE", help="where to write the results")
    return parser.parse_args()


if __name__ == "__main__":
    main()
