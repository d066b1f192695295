"""What runs are doing, seen from outside: at little cost, and without disturbing them.

Whether a process holds a run is read from the system's list of locks. To try the lock instead could
make a trainer fail that starts at the same moment.
"""

import json
import os
import re
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from engrax.errors import ConfigError, UserError, describe, show
from engrax.runs.checkpoint_folder import update_of
from engrax.runs.directory import RunDirectory
from engrax.runs.metrics import Row
from engrax.runs.storage import regular_size

NEW, TRAINING, STILL = "new", "training", "stands still"
STOPPED, FINISHED, UNREADABLE = "stopped", "finished", "unreadable"

_TAIL, _ROWS = 2**16, 21
"""Bytes and lines of a log that are read: as many as speed and means are taken over."""
_LARGEST = 2**63 - 1
_READ = ("update", "environment_steps", "seconds", "return", "success")
_SHARED = re.compile(r"9p|afs|beegfs|ceph|cifs|fuse.*|gpfs|lustre|nfs4?|smb3|virtiofs")
"""File systems on which other machines may hold locks, which the list of this one lacks."""


class Watched(NamedTuple):
    """What a run is doing; times are in seconds since 1970.

    Attributes:
        path: where it is.
        state: NEW (held by a process that has made no update yet), TRAINING, STILL (held, but
            without an update for a minute and for ten times as long as one takes), STOPPED,
            FINISHED or UNREADABLE.
        active: when something was last done to it.
        updates: made, those after the newest checkpoint included.
        target_updates: after which training stops.
        updated: when the latest update was made.
        saved: when the newest checkpoint was written.
        process: that holds it, where that is known.
        rows: the latest of its log, the newest last: of each the counters, return and success.
        reason: why it is unreadable, in one line.
    """

    path: Path
    state: str
    active: float
    updates: int | None = None
    target_updates: int | None = None
    updated: float | None = None
    saved: float | None = None
    process: int | None = None
    rows: Sequence[Row] = ()
    reason: str | None = None


class Locks(NamedTuple):
    """The locks of the moment.

    Attributes:
        holders: the process that holds a file, by device and number.
        shared: devices that machines share.
        mounted: all devices.
    """

    holders: Mapping[tuple[int, int], int]
    shared: frozenset[int]
    mounted: frozenset[int] = frozenset()

    def holder(self, device: int, number: int) -> int | None:
        """The process that holds a file; None where there is none.

        Btrfs gives its files a device that is neither mounted nor listed: there the number decides.
        """
        found = self.holders.get((device, number))
        if found is not None or os.major(device) or device in self.mounted:
            return found
        same = (
            pid for (there, n), pid in self.holders.items() if n == number and not os.major(there)
        )
        return next(same, None)


def read_locks() -> Locks | None:
    """The locks of the moment; None where the system does not list them."""
    try:
        locks, mounts = (Path(name).read_text() for name in ("/proc/locks", "/proc/self/mountinfo"))
    except OSError:
        return None
    return parse_locks(locks, mounts)


def parse_locks(locks: str, mounts: str) -> Locks:
    """What Linux says of locks, such as `1: FLOCK ADVISORY WRITE 42 fe:00:17 0 EOF`, and of file
    systems: `27 1 0:31 / /home rw - nfs4 server:/home rw`.
    """
    holders, shared, mounted = {}, set(), set()
    for words in map(str.split, locks.splitlines()):
        if words[1:2] == ["FLOCK"] and words[5].count(":") == 2:
            major, minor, number = words[5].split(":")
            device = os.makedev(int(major, 16), int(minor, 16))
            holders[device, int(number)] = int(words[4])
    for words in map(str.split, mounts.splitlines()):
        device = os.makedev(*map(int, words[2].split(":")))
        mounted.add(device)
        if _SHARED.fullmatch(words[words.index("-") + 1]):
            shared.add(device)
    return Locks(holders, frozenset(shared), frozenset(mounted))


def watch(path: Path, locks: Locks | None, now: float) -> Watched:
    """What a run is doing.

    Args:
        path: of its directory.
        locks: of the moment, see `read_locks`.
        now: the time.
    """
    try:
        return _watch(RunDirectory.open(path), locks, now)
    except (UserError, OSError) as error:
        reason = describe(error) if isinstance(error, OSError) else str(error)
        return Watched(path, UNREADABLE, _changed(path) or 0.0, reason=" ".join(reason.split()))


def _watch(directory: RunDirectory, locks: Locks | None, now: float) -> Watched:
    log, target = directory.metrics.path, _target(directory)
    rows, newest = _tail(log), next(iter(directory.checkpoints()), None)
    logged = int(rows[-1]["update"] or 0) if rows else 0
    kept = update_of(newest) if newest else 0
    saved = _changed(newest) if newest else None
    # A run that is resumed has its log cut back to the checkpoint, which is no update.
    updated = _changed(log) if logged > kept else saved
    active = max(updated or 0.0, _changed(directory.path / "config.json") or 0.0)
    quiet = now - active > max(60.0, 10 * _usual_seconds(rows))
    held, process = _holder(directory.path, locks)
    if held:
        begun = updated is not None and updated >= _started(process)
        state = NEW if not begun else STILL if quiet else TRAINING
    elif kept >= target or directory.published:
        state = FINISHED
    else:
        state = TRAINING if held is None and not quiet else STOPPED
    made = max(logged, kept)
    return Watched(directory.path, state, active, made, target, updated, saved, process, rows)


def _target(directory: RunDirectory) -> int:
    experiment = directory.config["experiment"]
    updates = experiment.get("updates") if isinstance(experiment, dict) else None
    if type(updates) is not int or not 1 <= updates <= _LARGEST:
        raise ConfigError(f"config.json: updates: expected an integer above 0, got {show(updates)}")
    return updates


def _holder(path: Path, locks: Locks | None) -> tuple[bool | None, int | None]:
    """Whether a process holds a directory, or None where that is not known; and which."""
    if locks is None:
        return None, None
    status = path.stat()
    process = locks.holder(status.st_dev, status.st_ino)
    if process is None and status.st_dev in locks.shared:
        return None, None
    return process is not None, process


def _started(process: int | None) -> float:
    """When a process started; 0 where that is not known."""
    try:
        words = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        since_boot = int(words[19]) / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError):
        return 0.0
    return time.time() - time.clock_gettime(time.CLOCK_BOOTTIME) + since_boot


def _changed(path: Path) -> float | None:
    try:
        return path.stat().st_mtime
    except OSError:
        return None


def _tail(path: Path) -> list[Row]:
    """The last rows of a log: of each what is told of it."""
    if not path.exists() or (size := regular_size(path)) is None:
        return []
    with path.open("rb") as file:
        file.seek(max(0, size - _TAIL))
        lines = file.read(_TAIL).split(b"\n")[:-1]  # the last may lack its end, the first its start
    return [row for line in lines[size > _TAIL :][-_ROWS:] if (row := _row(line))]


def _row(line: bytes) -> Row | None:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return None
    known = {name: row.get(name) for name in _READ} if isinstance(row, dict) else {}
    if type(update := known.get("update")) is not int or not 0 <= update <= _LARGEST:
        return None
    sound = lambda value: isinstance(value, int | float) and abs(value) <= _LARGEST  # noqa: E731
    return {name: value if sound(value) else None for name, value in known.items()}


def _usual_seconds(rows: Sequence[Row]) -> float:
    """The time that an update usually takes; 0 where that is not known."""
    if not rows:
        return 0.0
    first, last = rows[0] if len(rows) > 1 else {}, rows[-1]
    made = (last["update"] or 0) - (first.get("update") or 0)
    return ((last["seconds"] or 0) - (first.get("seconds") or 0)) / made if made > 0 else 0.0
