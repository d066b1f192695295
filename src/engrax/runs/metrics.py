"""What was measured at each update, as JSON lines: one object a line, each with its `update`."""

import json
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from engrax.errors import RunError
from engrax.runs.storage import flush_directory, naming, regular_size, write_text

Row = dict[str, int | float | None]

COUNTERS = ("update", "environment_steps", "seconds", "cpu_seconds")
"""What of a row says how far a run is; all else was measured."""

_LONGEST_LINE = 2**16
_LARGEST_INTEGER = 2**63 - 1


class MetricsLog:
    """`metrics.jsonl`: appended to line by line, and cut back to a checkpoint when a run is
    resumed.
    """

    def __init__(self, path: Path):
        self.path = path

    def append(self, row: Mapping[str, int | float | None]) -> None:
        """Adds a line. What is not finite becomes null, as JSON has no word for it."""
        plain = {
            name: None if value is None or not math.isfinite(value) else value
            for name, value in row.items()
        }
        with naming(self.path), self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(plain, allow_nan=False) + "\n")

    def flush(self) -> None:
        """Makes sure that all lines are on the disk."""
        with naming(self.path):
            with self.path.open("ab") as file:
                os.fsync(file.fileno())
            flush_directory(self.path.parent)

    def rows(self) -> list[Row]:
        """All whole lines; a line that was cut off when a process was killed is left out.

        Raises:
            RunError: the log is no regular file.
            OSError: it cannot be read.
        """
        return [row for _, row in self._lines()]

    def last(self) -> Row | None:
        """The last whole line, found without reading the others; None where there is none."""
        if not self.path.exists() or (size := regular_size(self.path)) is None:
            return None
        with self.path.open("rb") as file:
            file.seek(max(0, size - 2 * _LONGEST_LINE))
            lines = file.read().decode(errors="replace").splitlines(keepends=True)
        return next((row for line in reversed(lines) if (row := _read(line))), None)

    def trim(self, update: int) -> None:
        """Drops what was logged after an update, so that resuming from it neither loses nor doubles
        lines.
        """
        kept = "".join(f"{line}\n" for line, row in self._lines() if (row["update"] or 0) <= update)
        # A log that is as it should be is left alone: a full disk is no reason not to go on from
        # it.
        if not self._holds(kept):
            write_text(self.path, kept)

    def _holds(self, text: str) -> bool:
        if not self.path.exists():
            return not text
        size = len(text.encode())
        with self.path.open("rb") as file:
            return file.read(size + 1) == text.encode()

    def _lines(self) -> Iterator[tuple[str, Row]]:
        if not self.path.exists():
            return
        if regular_size(self.path) is None:
            raise RunError(f"{self.path} is not a regular file; move it away")
        with self.path.open("rb") as file:
            # What is longer than any line of ours comes in pieces, and never takes up much memory.
            while line := file.readline(_LONGEST_LINE):
                text = line.decode(errors="replace")
                row = _read(text)
                if row is not None:
                    yield text.rstrip(), row


def thinned(rows: Sequence[Row], most: int) -> list[Row]:
    """At most so many rows: means over neighbouring updates, to six digits, and the counters of the
    last of them.

    Args:
        rows: of a log.
        most: how many rows to make at most, at least 1.
    """
    size = -(-len(rows) // most)
    groups = [rows[start : start + size] for start in range(0, len(rows), size)] if size else []
    return [{name: _mean(name, group) for name in group[-1]} for group in groups]


def measured_in(row: Mapping[str, int | float | None]) -> dict[str, int | float]:
    """What was measured in a row: without counters, and what is missing or not finite."""
    return {
        name: value
        for name, value in row.items()
        if name not in COUNTERS and value is not None and math.isfinite(value)
    }


def as_lines(rows: Sequence[Row]) -> str:
    """Rows as a log holds them."""
    return "".join(json.dumps(row, allow_nan=False) + "\n" for row in rows)


def _mean(name: str, group: Sequence[Row]) -> int | float | None:
    if name in COUNTERS:
        return group[-1][name]
    there = [value for row in group if (value := row.get(name)) is not None]
    return float(f"{sum(there) / len(there):.6g}") if there else None


def _read(line: str) -> Row | None:
    # Without its end, a line may have been cut off, and what is appended next would be joined to
    # it.
    if not line.endswith("\n"):
        return None
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return row if isinstance(row, dict) and _is_row(row) else None


def _is_row(row: Mapping[str, Any]) -> bool:
    update = row.get("update")
    return type(update) is int and update >= 0 and all(map(_is_measured, row.values()))


def _is_measured(value: object) -> bool:
    if type(value) is int:
        return abs(value) <= _LARGEST_INTEGER
    return value is None or (type(value) is float and math.isfinite(value))
