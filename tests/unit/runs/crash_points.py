"""Kills itself at the n-th thing that it does to the file system; run by test_crash_points.py in a
process of its own.

The processes that die are forked from one that has imported everything and started nothing: JAX has
no threads yet.
"""

import io
import os
import shutil
import signal
import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import equinox as eqx
import numpy as np

from engrax.runs.directory import RunDirectory


@dataclass(frozen=True)
class Experiment:
    updates: int = 4


class Learner(eqx.Module):
    agent: np.ndarray
    updates: np.ndarray


class State(eqx.Module):
    learner: Learner


def state_at(update: int) -> State:
    return State(Learner(np.full(50, update, np.float32), np.array(update, np.int32)))


def make(path: Path) -> None:
    """A run after two updates, as a process left it that was killed while it wrote files of other
    updates.
    """
    directory = create(path)
    for update in (1, 2):
        advance(directory, update)
    for name in (
        "checkpoints/update-000000000099.safetensors.tmp",
        "weights.safetensors.tmp",
        "metrics.jsonl.tmp",
    ):
        (path / name).write_bytes(b"half")


def create(path: Path) -> RunDirectory:
    return RunDirectory.create(path, Experiment(), preset="debug", command=[])


def advance(directory: RunDirectory, update: int) -> None:
    directory.metrics.append({"update": update})
    directory.save(state_at(update), 10 * update)


def save(path: Path) -> None:
    for update in (3, 4):
        advance(RunDirectory.open(path), update)


def trim(path: Path) -> None:
    RunDirectory.open(path).metrics.trim(1)


def retarget(path: Path) -> None:
    RunDirectory.open(path).set_target(99)


SCENARIOS: dict[str, tuple[Callable[[Path], object], Callable[[Path], object]]] = {
    "create": (lambda path: None, create),
    "save": (make, save),
    "trim": (make, trim),
    "retarget": (make, retarget),
}


class Fate:
    """Counts down to the end of this process."""

    def __init__(self, steps: int):
        self.steps = steps

    def step(self, last_act: Callable[[], object] = lambda: None) -> None:
        self.steps -= 1
        if self.steps == 0:
            last_act()
            os.kill(os.getpid(), signal.SIGKILL)

    def watch(self, module: Any, name: str) -> None:
        real = getattr(module, name)

        def watched(*words: Any, **named: Any) -> Any:
            self.step()
            return real(*words, **named)

        setattr(module, name, watched)

    def watch_files(self) -> None:
        """Opening and writing; a write may end in the middle."""
        real = io.open

        def watched(*words: Any, **named: Any) -> Any:
            self.step()
            return WatchedFile(real(*words, **named), self)

        io.open = watched


class WatchedFile:
    """A file that asks, before it writes, whether it may; `fate.step` is given what to do at the
    very end.
    """

    def __init__(self, file: Any, fate: Any):
        self.file, self.fate = file, fate

    def __enter__(self) -> "WatchedFile":
        return self

    def __exit__(self, *error: object) -> None:
        self.file.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.file, name)

    def __iter__(self) -> Any:
        return iter(self.file)

    def write(self, data: Any) -> int:
        def half() -> None:
            self.file.write(data[: len(data) // 2])
            self.file.flush()

        self.fate.step(half)
        written = self.file.write(data)
        self.file.flush()
        return written


def live(act: Callable[[Path], object], path: Path, steps: int) -> bool:
    """Acts in a process that dies at the n-th step; whether it survived."""
    child = os.fork()
    if child == 0:
        fate = Fate(steps)
        fate.watch_files()
        for name in ("open", "fsync", "replace", "unlink", "mkdir"):
            fate.watch(os, name)
        act(path)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return False
    assert os.WEXITSTATUS(status) == 0
    return True


def main(root: Path) -> None:
    """Leaves `root/SCENARIO/N` as each death left it; the last of each survived."""
    warnings.simplefilter("ignore")  # JAX warns of forking; nothing of it runs
    for name, (prepare, act) in SCENARIOS.items():
        fresh = root / f"{name}-fresh"
        prepare(fresh)
        for steps in range(1, 1000):
            path = root / name / f"{steps:03d}"
            if fresh.exists():
                shutil.copytree(fresh, path)
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
            if live(act, path, steps):
                break


if __name__ == "__main__":
    main(Path(sys.argv[1]))
