"""Disks that are full or cannot be written: one clear line, nothing lost, and resuming works when
there is room.
"""

import errno
import io
import itertools
import json
import os
import resource
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import pytest

from engrax.runs.checkpoint import load_weights, state_sha256
from engrax.runs.directory import RunDirectory

from unit.runs import crash_points
from unit.runs.fake_runs import FakeCli, FakeTrainer, state_at

TRAIN = ("train", "debug", "--checkpoint_every", "2", "--updates", "30", "--json")


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> FakeCli:
    return FakeCli(monkeypatch, capsys)


def check_ended_well(out: str) -> None:
    """That a run made all its updates, as if nothing had been."""
    shown = json.loads(out)
    assert (shown["updates"], shown["state_sha256"]) == (30, state_sha256(state_at(30)))
    path = Path(shown["directory"])
    assert [row["update"] for row in RunDirectory.open(path).metrics.rows()] == list(range(1, 31))
    assert not list(path.rglob("*.tmp"))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, of 64 kB."""
    path = tmp_path / "disk"
    path.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(path)]
    if (
        shutil.which("mount") is None
        or subprocess.run(mount, capture_output=True, check=False).returncode
    ):
        pytest.skip("this process may not mount file systems")
    yield path
    subprocess.run(["umount", "-l", str(path)], check=True)


def fill(path: Path) -> None:
    with suppress(OSError), path.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(512))


def test_a_disk_that_fills_in_the_middle_of_a_run(cli: FakeCli, small_disk: Path):
    run, filler = small_disk / "run", small_disk / "filler"
    cli.trainer = FakeTrainer(lambda update: fill(filler) if update == 9 else None)
    answer = cli(*TRAIN, "--out", str(run))
    assert answer.status == 1
    assert "No space left on device; what was saved before is kept; " in answer.complaint
    assert answer.complaint.startswith(str(run / "checkpoints" / "update-0000000000"))
    assert answer.complaint.endswith(f"`engrax resume {run}`")
    # On a disk that is still full, no run begins; then there is room.
    assert cli("resume", str(run)).status == 2
    filler.unlink()
    cli.trainer = FakeTrainer()
    answer = cli("resume", str(run), "--json")
    assert "resuming from update 8" in answer.err
    check_ended_well(answer.out)


def test_a_disk_that_was_full_from_the_start(cli: FakeCli, small_disk: Path):
    fill(small_disk / "filler")
    answer = cli(*TRAIN, "--out", str(small_disk / "run"))
    assert answer.status == 2
    assert answer.complaint == f"{small_disk / 'run' / 'config.json'}: No space left on device"


def test_a_disk_that_is_read_only(cli: FakeCli, small_disk: Path):
    run = small_disk / "run"
    cli(*TRAIN[:-2], "4", "--out", str(run))
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    assert cli("show", str(run)).status == 0
    answer = cli("resume", str(run), "--updates", "9")
    assert answer.status == 2
    assert answer.complaint == f"{run / 'config.json'}: Read-only file system"
    assert (
        cli(*TRAIN, "--out", str(small_disk / "new")).complaint
        == f"{small_disk / 'new'}: Read-only file system"
    )


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """No file of this process may get larger, as if the disk were full: a write ends half-way."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize(
    ("size", "file"),
    [(4000, "metrics.jsonl"), (3200, "update-000000000002.safetensors"), (400, "config.json")],
)
def test_what_cannot_grow_is_named(cli: FakeCli, tmp_path: Path, size: int, file: str):
    run = tmp_path / "run"
    with largest_file(size):
        answer = cli(*TRAIN, "--out", str(run))
    assert answer.status == (2 if file == "config.json" else 1)
    assert f"{file}: File too large" in answer.complaint
    words = (*TRAIN, "--out", str(run)) if file == "config.json" else ("resume", str(run), "--json")
    check_ended_well(cli(*words).out)


@pytest.mark.parametrize("out", ["file/run", "file"])
def test_an_out_that_cannot_be_made(
    cli: FakeCli, tmp_path: Path, out: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    answer = cli(*TRAIN, "--out", out)
    assert answer.status == 2
    assert answer.complaint.startswith(out)


def test_a_directory_without_permission(
    cli: FakeCli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    # Whoever is root may do all, so the system's answer is given here.
    def forbidden(self: Path, *words: Any, **named: Any):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(self))

    monkeypatch.setattr(Path, "mkdir", forbidden)
    answer = cli(*TRAIN, "--out", str(tmp_path / "run"))
    assert (answer.status, answer.complaint) == (2, f"{tmp_path / 'run'}: Permission denied")


class FullDisk:
    """From its n-th operation that needs room on, every such one fails; what removes or reads
    works.
    """

    def __init__(self, steps: int, monkeypatch: pytest.MonkeyPatch):
        self.steps = steps
        monkeypatch.setattr(io, "open", self.opener(io.open))
        for name in ("fsync", "mkdir", "replace"):
            monkeypatch.setattr(os, name, self.checked(getattr(os, name)))

    def step(self, last_act: Callable[[], object] = lambda: None) -> None:
        self.steps -= 1
        if self.steps == 0:
            last_act()
        if self.steps <= 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def checked(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*words: Any, **named: Any) -> Any:
            self.step()
            return real(*words, **named)

        return call

    def opener(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(file: Any, mode: str = "r", *words: Any, **named: Any) -> Any:
            if set(mode) & set("wax+"):
                self.step()
                return crash_points.WatchedFile(real(file, mode, *words, **named), self)
            return real(file, mode, *words, **named)

        return call


def test_wherever_the_disk_fills_nothing_is_lost(tmp_path: Path):
    fresh = tmp_path / "fresh"
    crash_points.make(fresh)
    newest = []
    for steps in itertools.count(1):
        path = tmp_path / f"{steps:03d}"
        shutil.copytree(fresh, path)
        failure = save_on_full_disk(path, steps)
        directory = RunDirectory.open(path)
        newest.append(int(directory.load(pytest.fail)[1].words["updates"]))  # pyright: ignore
        assert load_weights(directory.weights, jnp.zeros(50))[0] in (newest[-1], newest[-1] - 1)
        directory.metrics.trim(newest[-1])
        crash_points.advance(directory, newest[-1] + 1)
        assert [row["update"] for row in directory.metrics.rows()] == list(range(1, newest[-1] + 2))
        assert not list(path.rglob("*.tmp"))
        if failure is None:
            break
        assert str(failure.filename).startswith(str(path))
        assert not str(failure.filename).endswith(".tmp")
    assert newest == sorted(newest)
    assert set(newest) == {2, 3, 4}
    assert len(newest) > 20


def save_on_full_disk(path: Path, steps: int) -> OSError | None:
    with pytest.MonkeyPatch.context() as monkeypatch:
        FullDisk(steps, monkeypatch)
        try:
            crash_points.save(path)
        except OSError as error:
            return error
    return None
