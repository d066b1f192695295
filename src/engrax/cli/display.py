"""Showing training as it goes: a live picture on a terminal, a line now and then elsewhere."""

import abc
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table

from engrax.cli.output import say
from engrax.cli.pace import Glance, Pace, Row, clock, speed

_COMPILING = "compiling: the first update takes longer"
_SECONDS_BETWEEN_LINES = 10.0
_COLUMNS = 2


class Display(AbstractContextManager["Display"]):
    """Shows the progress of training, from entering to leaving it.

    Only `show` raises `OSError` where nothing can be written any more; training then stops.
    """

    @abc.abstractmethod
    def show(self, row: Row) -> None:
        """Takes in the metrics of an update."""


class PlainDisplay(Display):
    """A line at the first and the last update, and every ten seconds between."""

    def __init__(self, until: int):
        self._pace = Pace(until)
        self._next_line = 0.0

    def __enter__(self) -> "PlainDisplay":
        """Says why there is nothing to see yet."""
        with suppress(OSError):
            say(_COMPILING)
        return self

    def __exit__(self, *error: object) -> None:
        """Leaves what was printed."""

    def show(self, row: Row) -> None:
        """Prints a line if it is time for one."""
        glance = self._pace.look(row)
        if time.monotonic() >= self._next_line or glance.update == glance.until:
            self._next_line = time.monotonic() + _SECONDS_BETWEEN_LINES
            say(plain_line(glance))


class LiveDisplay(Display):
    """A bar and a table of metrics that change in place."""

    def __init__(self, until: int, console: Console):
        self._pace = Pace(until)
        self._live = Live(_COMPILING, console=console, refresh_per_second=4)

    def __enter__(self) -> "LiveDisplay":
        """Takes the terminal."""
        self._live.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        """Leaves the last picture standing."""
        with suppress(OSError):
            self._live.__exit__(None, None, None)

    def show(self, row: Row) -> None:
        """Draws the picture again."""
        self._live.update(picture(self._pace.look(row)))


def make_display(until: int) -> Display:
    """The display that suits stderr."""
    console = Console(stderr=True)
    return LiveDisplay(until, console) if console.is_terminal else PlainDisplay(until)


def plain_line(glance: Glance) -> str:
    """A glance as one line."""
    means = list(glance.means.items())[:3]
    shown = "  ".join(f"{name} {_number(value, 3)}" for name, value in means)
    return (
        f"update {glance.update}/{glance.until}  {glance.environment_steps:,} steps  "
        f"{speed(glance.steps_per_second)}  left {clock(glance.seconds_left)}  {shown}"
    )


@contextmanager
def status() -> Iterator[Callable[[str], object]]:
    """Shows the latest of the lines it is given: in place on a terminal, else one now and then."""
    console = Console(stderr=True)
    if console.is_terminal:
        with console.status("") as shown:
            yield shown.update
        return
    said = time.monotonic() - _SECONDS_BETWEEN_LINES + 2.0

    def show(message: str) -> None:
        nonlocal said
        if time.monotonic() - said >= _SECONDS_BETWEEN_LINES:
            said = time.monotonic()
            say(message)

    yield show


def picture(glance: Glance) -> Group:
    """A glance as a bar over a table."""
    head = Table.grid(padding=(0, 2))
    bar = ProgressBar(glance.until, glance.update, width=30)
    update = f"update [bold]{glance.update:,}[/] of {glance.until:,}"
    head.add_row(
        update, bar, f"{speed(glance.steps_per_second)}", f"{clock(glance.seconds_left)} left"
    )
    head.add_row(f"{glance.environment_steps:,} steps")
    return Group(head, _metrics(glance))


def _metrics(glance: Glance) -> Table:
    table = Table.grid(padding=(0, 2))
    cells = [(f"[dim]{name}[/]", _number(value, 4)) for name, value in glance.means.items()]
    for start in range(0, len(cells), _COLUMNS):
        table.add_row(*(part for cell in cells[start : start + _COLUMNS] for part in cell))
    return table


def _number(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:.{digits}g}"
