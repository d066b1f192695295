"""How training goes, in the few numbers that one looks at."""

from collections import deque
from collections.abc import Mapping, Sequence
from typing import NamedTuple

_RECENT = 20
"""Updates that speed and means are taken over."""
_COUNTERS = ("update", "environment_steps", "seconds", "cpu_seconds", "episodes")

Row = Mapping[str, int | float | None]


class Glance(NamedTuple):
    """A look at a run.

    Attributes:
        update: updates made.
        until: updates to make.
        environment_steps: made so far.
        steps_per_second: of late; None before it can be known.
        seconds_left: until the last update; None before it can be known.
        means: metrics, averaged over the latest updates that have them; None where none of them
            has; return and success first.
    """

    update: int
    until: int
    environment_steps: int
    steps_per_second: float | None
    seconds_left: float | None
    means: dict[str, float | None]


class Pace:
    """Takes in rows of metrics and gives glances."""

    def __init__(self, until: int):
        self._until = until
        self._rows: deque[Row] = deque(maxlen=_RECENT + 1)

    def look(self, row: Row) -> Glance:
        """Takes in a row, with `update`, `environment_steps` and `seconds`, and looks at how things
        stand.
        """
        self._rows.append(row)
        update, steps = int(row["update"] or 0), int(row["environment_steps"] or 0)
        seconds_per_update, steps_per_update = (
            self._rate("seconds"),
            self._rate("environment_steps"),
        )
        if not seconds_per_update or steps_per_update is None:
            return Glance(update, self._until, steps, None, None, self._means())
        left = (self._until - update) * seconds_per_update
        return Glance(
            update, self._until, steps, steps_per_update / seconds_per_update, left, self._means()
        )

    def _rate(self, name: str) -> float | None:
        """How much of something passes in an update."""
        first, last = self._rows[0], self._rows[-1]
        updates = (last["update"] or 0) - (first["update"] or 0)
        return ((last[name] or 0) - (first[name] or 0)) / updates if updates else None

    def _means(self) -> dict[str, float | None]:
        rows = list(self._rows)[-_RECENT:]
        names = {name for name in rows[-1] if name not in _COUNTERS}
        return {name: _mean(rows, name) for name in sorted(names, key=_importance)}


def clock(seconds: float | None) -> str:
    """A time as h:mm:ss."""
    if seconds is None:
        return "-"
    minutes, second = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{second:02d}"


def speed(steps_per_second: float | None) -> str:
    """A speed in words."""
    return "-" if steps_per_second is None else f"{steps_per_second:,.0f} steps/s"


def _mean(rows: Sequence[Row], name: str) -> float | None:
    found = [value for row in rows if (value := row.get(name)) is not None]
    return sum(found) / len(found) if found else None


def _importance(name: str) -> tuple[int, str]:
    first = ("return", "success", "loss")
    return (first.index(name) if name in first else len(first), name)
