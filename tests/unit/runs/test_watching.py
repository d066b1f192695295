"""What runs are doing, seen from outside, with real directories, locks and processes."""

import fcntl
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from engrax.experiments.presets import PRESETS
from engrax.runs.directory import RunDirectory
from engrax.runs.watching import (
    FINISHED,
    NEW,
    STILL,
    STOPPED,
    TRAINING,
    UNREADABLE,
    Locks,
    Watched,
    parse_locks,
    read_locks,
    watch,
)

from unit.runs.fake_runs import state_at

TARGET = PRESETS["debug"].updates
HOLD = "import sys; from engrax.runs.storage import locked\nwith locked(sys.argv[1]): "
needs_locks = pytest.mark.skipif(read_locks() is None, reason="the system does not list its locks")


@pytest.fixture
def directory(tmp_path: Path) -> RunDirectory:
    return RunDirectory.create(tmp_path / "run", PRESETS["debug"], preset="debug", command=[])


def log(directory: RunDirectory, *updates: int, seconds: float = 2.0) -> None:
    for update in updates:
        times = {"seconds": seconds * update, "environment_steps": 64 * update}
        directory.metrics.append({"update": update, **times, "return": 0.5 * update, "loss": 1.0})


def look(directory: RunDirectory, later: float = 0.0) -> Watched:
    return watch(directory.path, read_locks(), time.time() + later)


def age(path: Path, seconds: float) -> None:
    then = time.time() - seconds
    os.utime(path, (then, then))


@contextmanager
def held_by_another(directory: RunDirectory) -> Iterator[int]:
    command = [sys.executable, "-c", HOLD + "print(flush=True); input()", str(directory.path)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process.pid
        process.communicate("\n")


@needs_locks
@pytest.mark.parametrize(("seconds", "patience"), [(2.0, 60.0), (0.01, 60.0), (30.0, 300.0)])
def test_a_run_stands_still_after_a_minute_and_ten_updates_without_one(
    directory: RunDirectory, seconds: float, patience: float
):
    log(directory, 1, 2, 3, seconds=seconds)
    with directory.exclusive():
        run = look(directory, later=patience - 2.0)
        assert (run.state, run.process) == (TRAINING, os.getpid())
        assert look(directory, later=patience + 2.0).state == STILL
    assert look(directory).state == STOPPED


@needs_locks
def test_after_a_single_update_the_time_since_the_start_is_the_usual_one(directory: RunDirectory):
    log(directory, 1, seconds=100.0)
    with directory.exclusive():
        assert look(directory, later=900.0).state == TRAINING
        assert look(directory, later=1100.0).state == STILL


@needs_locks
def test_a_run_is_new_until_the_process_that_holds_it_has_made_an_update(directory: RunDirectory):
    with directory.exclusive():
        assert look(directory, later=1e4).state == NEW
    log(directory, 1, 2)
    age(directory.metrics.path, 100.0)
    with held_by_another(directory) as process:
        run = look(directory, later=1e4)
        assert (run.state, run.updates, run.process) == (NEW, 2, process)
        log(directory, 3)
        assert look(directory).state == TRAINING
    assert look(directory).state == STOPPED


@needs_locks
def test_a_log_that_is_cut_back_to_a_checkpoint_is_no_update(directory: RunDirectory):
    log(directory, 1, 2, 3)
    age(directory.save(state_at(2), 128), 100.0)
    with held_by_another(directory):
        directory.metrics.trim(2)
        assert look(directory).state == NEW


@needs_locks
def test_nothing_is_locked_to_find_a_lock(directory: RunDirectory, monkeypatch: pytest.MonkeyPatch):
    log(directory, 1)
    with directory.exclusive():
        monkeypatch.setattr(fcntl, "flock", None)
        assert look(directory).state == TRAINING


def test_a_run_is_finished_once_its_last_update_is_saved(directory: RunDirectory):
    log(directory, *range(1, TARGET + 1))
    directory.save(state_at(TARGET - 1), 64)
    before = look(directory)
    saved = directory.save(state_at(TARGET), 64)
    after = look(directory)
    assert (before.state, before.updates) == (STOPPED, TARGET)
    assert (after.state, after.saved) == (FINISHED, saved.stat().st_mtime)
    directory.set_target(TARGET + 1)
    assert (look(directory).state, look(directory).target_updates) == (STOPPED, TARGET + 1)


def test_a_published_result_is_finished(directory: RunDirectory):
    log(directory, 1)
    directory.save(state_at(1), 64).unlink()
    assert look(directory).state == FINISHED


def test_a_run_without_a_log_is_as_far_as_its_checkpoint(directory: RunDirectory):
    directory.save(state_at(3), 64)
    directory.metrics.path.unlink(missing_ok=True)
    assert look(directory)[:4] == (directory.path, STOPPED, look(directory).saved, 3)


def test_where_locks_are_not_known_a_log_that_grows_is_one_of_training(directory: RunDirectory):
    log(directory, 1)
    shared = Locks({}, frozenset({directory.path.stat().st_dev}))
    for locks in (None, shared):
        now = time.time()
        assert watch(directory.path, locks, now).state == TRAINING
        assert watch(directory.path, locks, now + 70.0).state == STOPPED
    assert watch(directory.path, Locks({}, frozenset()), time.time()).state == STOPPED


def test_locks_are_read_as_linux_lists_them():
    locks = parse_locks(
        "1: FLOCK  ADVISORY  WRITE 42 fe:1f:17 0 EOF\n"
        "1: -> FLOCK  ADVISORY  WRITE 43 fe:1f:17 0 EOF\n"
        "2: POSIX  ADVISORY  WRITE 44 fe:1f:18 0 EOF\n"
        "3: FLOCK  ADVISORY  WRITE 45 00:23:19 0 EOF\n",
        "1 0 254:31 / / rw,relatime shared:1 - ext4 /dev/vda rw\n"
        "2 1 0:49 / /home rw - nfs4 server:/home rw\n3 1 0:50 / /mnt rw - fuse.sshfs there: rw\n",
    )
    disk, listed = os.makedev(0xFE, 0x1F), os.makedev(0, 0x23)
    assert locks.holders == {(disk, 17): 42, (listed, 19): 45}
    assert locks.shared == {os.makedev(0, 49), os.makedev(0, 50)}
    assert locks.mounted == {os.makedev(254, 31), *locks.shared}
    assert locks.holder(disk, 17) == 42
    assert locks.holder(os.makedev(0, 77), 19) == 45  # a file of Btrfs
    assert locks.holder(os.makedev(0, 50), 19) is None  # one of another file system
    assert locks.holder(disk, 19) is None


def test_of_a_huge_log_the_end_is_read(directory: RunDirectory):
    log(directory, 1)
    os.truncate(directory.metrics.path, 10**11)
    with directory.metrics.path.open("ab") as file:
        file.write(b"\n")
    log(directory, 10**6, 10**6 + 1)
    start = time.perf_counter()
    run = look(directory)
    assert time.perf_counter() - start < 0.5
    assert run.updates == 10**6 + 1
    assert [row["return"] for row in run.rows] == [5e5, 5e5 + 0.5]


def test_what_is_damaged_in_a_log_is_read_past(directory: RunDirectory):
    log(directory, 1, 2)
    with directory.metrics.path.open("ab") as file:
        file.write(b'\xff\n[]\n{"update": true}\n{"update": -1}\n{"update": 3, "seconds": "x"')
        file.write(b', "return": 1e999}\n{"update": ' + b"9" * 5000 + b'}\n{"update": 4, "sec')
    *_, last = look(directory).rows
    assert (last["update"], last["seconds"], last["return"]) == (3, None, None)
    directory.metrics.path.unlink()
    os.mkfifo(directory.metrics.path)
    assert look(directory).rows == []


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        ("{", "config.json"),
        ('{"model": 1}', "holds no experiment"),
        ('{"experiment": []}', "updates: expected an integer above 0, got None"),
        ('{"experiment": {"updates": "4\\n"}}', "updates: expected an integer above 0, got '4"),
        ('{"experiment": {"updates": 1' + "0" * 4000 + "}}", "updates: expected an integer"),
        ('{"format": 999, "experiment": {"updates": 4}}', "format: this is format 999"),
    ],
)
def test_a_config_that_is_not_ours_is_said_in_one_line(
    directory: RunDirectory, config: str, reason: str
):
    (directory.path / "config.json").write_text(config)
    run = look(directory)
    assert run.state == UNREADABLE
    assert run.reason is not None
    assert reason in run.reason
    assert run.reason.isprintable()


def test_a_run_that_is_gone_is_unreadable(tmp_path: Path):
    assert watch(tmp_path / "gone", None, 0.0).state == UNREADABLE
