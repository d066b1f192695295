"""`engrax watch`: what all runs are doing, in a table that is drawn again and again."""

import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console, Group
from rich.live import Live
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from engrax.cli.arguments import Parser, add_json
from engrax.cli.commands.list import rounded
from engrax.cli.output import print_json, printable, say
from engrax.cli.pace import Pace
from engrax.errors import UsageError

if TYPE_CHECKING:
    from engrax.runs.watching import Watched

_EXAMPLES = """\
  engrax watch
  engrax watch runs/ballet --all --once
  engrax watch --json
"""
_SECONDS = 2.0
_DAY = 86_400.0
_UNBOUNDED = 10_000  # columns, which any table fits into
_NAME = 16  # columns of a name, at least
_SCORES = ("return", "success")
_COLUMNS = ("run", "updates", "steps", "steps/s", *_SCORES, "saved", "state")
_HELD = ("stands still", "training", "new")
_START = "`engrax train debug --out runs/debug` starts one"

Entry = Mapping[str, Any]


def run(words: Sequence[str]) -> int:
    """Runs the command; see `engrax watch --help`."""
    what = "Say what all runs are doing, and which stand still; on a terminal until Ctrl-C."
    parser = Parser("watch", what, _EXAMPLES)
    where, default = "directories of runs or of comparisons, or runs (runs)", [Path("runs")]
    parser.add_argument("folders", metavar="DIR", type=Path, nargs="*", default=default, help=where)
    parser.add_argument("--once", action="store_true", help="print the table once")
    parser.add_argument("--all", action="store_true", help="also runs that are idle for a day")
    add_json(parser, "each run once,")
    arguments = parser.read(words)
    look = lambda: _look(arguments.folders, arguments.all)  # noqa: E731
    if arguments.json:
        entries, left_out = look()
        say(_head(entries, left_out))
        for entry in entries:
            print_json(entry)
    else:
        _show(look, arguments.once)
    return 0


def find_runs(folders: Sequence[Path]) -> list[Path]:
    """The runs that are folders, that are in folders, and one level deeper: of comparisons.

    Raises:
        UsageError: a folder does not exist.
        OSError: it cannot be read.
    """
    found: dict[str, Path] = {}
    for folder in folders:
        if not os.path.isdir(folder):
            what = "is not a directory" if os.path.lexists(folder) else "does not exist"
            raise UsageError(f"{folder} {what}; give a directory that holds runs: {_START}")
        os.scandir(folder).close()  # what is in it may be closed to us, the folder itself not
        for path in _below(folder, levels=2):
            found.setdefault(os.path.realpath(path), path)
    return list(found.values())


def _below(folder: Path, levels: int) -> Iterator[Path]:
    if os.path.lexists(folder / "config.json"):
        yield folder
    elif levels:
        with suppress(OSError):
            for path in filter(os.path.isdir, folder.iterdir()):
                yield from _below(path, levels - 1)


def _look(folders: Sequence[Path], everything: bool) -> tuple[list[Entry], int]:
    """What the runs are doing, and how many are left out, as nothing was done to them for a day."""
    from engrax.runs.watching import read_locks, watch

    locks, now = read_locks(), time.time()
    runs = [watch(path, locks, now) for path in find_runs(folders)]
    shown = [run for run in runs if everything or run.state in _HELD or now - run.active < _DAY]
    return [_entry(run, now) for run in sorted(shown, key=_rank)], len(runs) - len(shown)


def _rank(run: "Watched") -> tuple[int, float, Path]:
    """Those that a process holds come first, in an order that stays; then the latest."""
    if run.state in _HELD:
        return _HELD.index(run.state), 0.0, run.path
    return len(_HELD), -run.active, run.path


def _entry(run: "Watched", now: float) -> Entry:
    """A run as `--json` prints it; a speed only of what is training."""
    pace, glance = Pace(run.target_updates or 0), None
    for row in run.rows:
        glance = pace.look(row)
    return {
        "run": str(run.path),
        "state": run.state,
        "updates": run.updates,
        "target_updates": run.target_updates,
        "environment_steps": glance and glance.environment_steps,
        "steps_per_second": glance and glance.steps_per_second if run.state == "training" else None,
        **{name: glance and glance.means.get(name) for name in _SCORES},
        "checkpoint_age": None if run.saved is None else round(now - run.saved, 1),
        "update_age": None if run.updated is None else round(now - run.updated, 1),
        "process": run.process,
        "reason": run.reason,
    }


def _show(look: Callable[[], tuple[list[Entry], int]], once: bool) -> None:
    """Prints the table; on a terminal again and again."""
    terminal = sys.stdout.isatty()
    console = Console(highlight=False, width=None if terminal else _UNBOUNDED)
    if once or not terminal or console.is_dumb_terminal:
        console.print(_picture(console, *look()))
        return
    with Live(console=console, auto_refresh=False) as live:
        while True:
            live.update(_picture(console, *look()), refresh=True)
            time.sleep(_SECONDS)


def _picture(console: Console, entries: Sequence[Entry], left_out: int) -> Group:
    """What is to be said of all runs, then a table; a list where the table does not fit."""
    said = [_head(entries, left_out), *(note for entry in entries if (note := _note(entry)))]
    rows = [[printable(entry["run"]), *_numbers(entry), entry["state"]] for entry in entries]
    table = Table(*_COLUMNS, box=None, padding=(0, 1, 0, 0))
    table.columns[0].overflow = "fold"
    for column in table.columns[1:]:
        column.justify, column.no_wrap = "right", True
    for row in rows:
        table.add_row(*map(Text, row))
    whole = Measurement.get(console, console.options.update(width=_UNBOUNDED), table).maximum
    folded = max([len(row[0]) - _NAME for row in rows], default=0)
    fits = whole - max(folded, 0) <= console.width
    listed = table if fits else Text("\n".join(map(_line, rows)))
    return Group(Text("\n".join(map(printable, said))), *([listed] if entries else []))


def _line(row: Sequence[str]) -> str:
    named = [pair for pair in zip(_COLUMNS[1:-1], row[1:-1], strict=True) if pair[1] != "-"]
    return "  ".join([row[0], row[-1], *map(" ".join, named)])


def _numbers(entry: Entry) -> list[str]:
    written = {
        "updates": lambda made: f"{made:,}/{entry['target_updates']:,}",
        "environment_steps": rounded,
        "steps_per_second": lambda speed: f"{speed:,.0f}",
        **dict.fromkeys(_SCORES, lambda score: f"{score:.3g}"),
        "checkpoint_age": _age,
    }
    return ["-" if entry[name] is None else write(entry[name]) for name, write in written.items()]


def _note(entry: Entry) -> str | None:
    """What one should know of a run, where it is not well."""
    if entry["state"] == "unreadable":
        return f"{entry['run']} is unreadable: {entry['reason']}"
    if entry["state"] != "stands still":
        return None
    age, process = entry["update_age"], entry["process"]
    since = time.strftime("%H:%M", time.localtime(time.time() - age))
    return f"{entry['run']} stands still since {since}, for {_age(age)} (process {process})"


def _age(seconds: float) -> str:
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.0f} {unit}"
    return f"{max(seconds, 0.0):.0f} s"


def _head(entries: Sequence[Entry], left_out: int) -> str:
    """How many runs do what, how many are left out, and what one can do."""
    states = Counter(entry["state"] for entry in entries)
    if not states and not left_out:
        return f"no run here; {_START}"
    counts = ", ".join(f"{count} {state}" for state, count in states.items())
    hidden = f"; {left_out} idle for a day: --all shows them" if left_out else ""
    resume = "; `engrax resume RUN` goes on with a stopped one" if states["stopped"] else ""
    return f"{counts or 'no run of the last day'}{hidden}{resume}"
