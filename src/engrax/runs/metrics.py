"""What was measured at each update, as JSON lines: one object a line, each with its `update`."""

import json
import math
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from engrax.runs.storage import write_text

Row = dict[str, int | float | None]


class MetricsLog:
    """`metrics.jsonl`: appended to line by line, and cut back to a checkpoint when a run is resumed."""

    def __init__(self, path: Path):
        self.path = path

    def append(self, row: Mapping[str, int | float | None]) -> None:
        """Adds a line. What is not finite becomes null, as JSON has no word for it."""
        plain = {name: None if value is None or not math.isfinite(value) else value for name, value in row.items()}
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(plain, allow_nan=False) + "\n")

    def flush(self) -> None:
        """Makes sure that all lines are on the disk."""
        with self.path.open("ab") as file:
            os.fsync(file.fileno())

    def rows(self) -> list[Row]:
        """All whole lines; a line that was cut off when a process was killed is left out."""
        return [row for _, row in self._lines()]

    def trim(self, update: int) -> None:
        """Drops what was logged after an update, so that resuming from it neither loses nor doubles lines."""
        kept = [line for line, row in self._lines() if (row["update"] or 0) <= update]
        write_text(self.path, "".join(f"{line}\n" for line in kept))

    def _lines(self) -> Iterator[tuple[str, Row]]:
        if not self.path.exists():
            return
        for line in self.path.read_text(encoding="utf-8", errors="replace").splitlines():
            try:
                row = json.loads(line)
            except (ValueError, RecursionError):
                continue
            if isinstance(row, dict) and isinstance(row.get("update"), int):
                yield line, row
