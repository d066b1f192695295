"""`kill -9` at any moment costs nothing: what is resumed ends where it would have ended, bit for
bit.
"""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

CLOCKS = ("seconds", "cpu_seconds")
SEED = int(os.environ.get("ENGRAX_KILL_SEED", "20"))
UPDATES = 100
TRAIN = ("train", "debug", "--memory", "lstm", "--memory.width", "8", "--checkpoint_every", "1")
PATIENCE = 120.0


class Run:
    """A run in processes of its own, which may be killed."""

    def __init__(self, path: Path, cache: Path, random: random.Random):
        self.path = path
        self.random = random
        # Without a cache of what was compiled, every process would take ten seconds to compile it
        # again.
        names = ("JAX_COMPILATION_CACHE_DIR", "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS")
        values = (str(cache), "0")
        self.environment = {**os.environ, **dict(zip(names, values, strict=True))}

    def start(self) -> "subprocess.Popen[str]":
        """Goes on where the run is, or begins it where it was killed before it had a config."""
        started = (self.path / "config.json").exists()
        words = (
            ("resume", str(self.path))
            if started
            else (*TRAIN, "--updates", str(UPDATES), "--out", str(self.path))
        )
        command = [sys.executable, "-m", "engrax.cli.main", *words, "--json"]
        return subprocess.Popen(
            command, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=self.environment
        )

    def finish(self) -> dict[str, Any]:
        out, err = (process := self.start()).communicate(timeout=PATIENCE)
        assert process.returncode == 0, err
        return json.loads(out)

    def kill(self, moment: Callable[[], bool]) -> None:
        """Starts a process and kills it at a moment, or a little later."""
        process = self.start()
        deadline = time.monotonic() + PATIENCE
        while process.poll() is None and not moment() and time.monotonic() < deadline:
            time.sleep(0.0005)
        process.kill()
        _, err = process.communicate()
        assert process.returncode == -signal.SIGKILL, f"it ended before it could be killed: {err}"

    def moments(self, often: "Often") -> Iterator[tuple[str, Callable[[], bool]]]:
        """So many: as it starts, before it has a checkpoint, between updates, and while a
        checkpoint is written.
        """
        for _ in range(often.starting):
            yield (
                "before it has a config",
                self.earlier(self.later(6.0), (self.path / "config.json").exists),
            )
        for _ in range(often.without_checkpoint):
            yield "before it has a checkpoint", self.earlier(self.later(6.0), self.writing)
        for _ in range(often.between):
            lines = self.lines_after(self.random.randint(1, 9))
            yield "between updates", self.later(0.03, lines)
        for _ in range(often.writing):
            yield (
                "while a checkpoint is written",
                self.both(self.lines_after(self.random.randint(1, 5)), self.writing),
            )

    def later(self, most: float, moment: Callable[[], bool] = lambda: True) -> Callable[[], bool]:
        delay = self.random.uniform(0.0, most)
        since: list[float] = []

        def now() -> bool:
            if not since and moment():
                since.append(time.monotonic())
            return bool(since) and time.monotonic() >= since[0] + delay

        return now

    def earlier(self, first: Callable[[], bool], second: Callable[[], bool]) -> Callable[[], bool]:
        return lambda: first() or second()

    def lines_after(self, count: int) -> Callable[[], bool]:
        """Whether so many updates were logged since the process started: after the log was cut
        back, if it was.
        """
        newest = max(
            (int(path.name[7:19]) for path in self.checkpoints("update-*.safetensors")), default=0
        )
        return lambda: self.lines() >= newest + count

    def both(self, first: Callable[[], bool], then: Callable[[], bool]) -> Callable[[], bool]:
        return lambda: first() and then()

    def writing(self) -> bool:
        return any(self.checkpoints("*.tmp"))

    def checkpoints(self, pattern: str) -> list[Path]:
        return list((self.path / "checkpoints").glob(pattern))

    def lines(self) -> int:
        try:
            return (self.path / "metrics.jsonl").read_bytes().count(b"\n")
        except FileNotFoundError:
            return 0

    def rows(self) -> list[dict[str, Any]]:
        """The metrics, but for what the clock says."""
        rows = [json.loads(line) for line in (self.path / "metrics.jsonl").read_text().splitlines()]
        return [{name: value for name, value in row.items() if name not in CLOCKS} for row in rows]


class Often(NamedTuple):
    """How often a run is killed at each kind of moment."""

    starting: int
    without_checkpoint: int
    between: int
    writing: int


@pytest.mark.slow
@pytest.mark.parametrize(
    "often",
    [Often(1, 1, 3, 2), pytest.param(Often(2, 3, 9, 6), marks=pytest.mark.learn)],
    ids=["seven times", "twenty times"],
)
def test_a_killed_run_ends_as_if_it_never_was(tmp_path: Path, often: Often):
    cache = tmp_path / "cache"
    whole = Run(tmp_path / "whole", cache, random.Random(0))
    expected = whole.finish()
    assert list(cache.iterdir()), "JAX keeps no cache here: this test would take long"
    killed = Run(tmp_path / "killed", cache, random.Random(SEED))
    kills: list[str] = []
    for what, moment in killed.moments(often):
        print(
            f"kill {len(kills)}, seed {SEED}: {what}, at {killed.lines()} lines"
        )  # shown if the test fails
        killed.kill(moment)
        kills.append(what)
    found = killed.finish()
    assert len(kills) == sum(often)
    assert found["updates"] == expected["updates"] == UPDATES
    assert found["state_sha256"] == expected["state_sha256"]
    assert [row["update"] for row in killed.rows()] == list(range(1, UPDATES + 1))
    assert killed.rows() == whole.rows()
    assert killed.writing() is False
