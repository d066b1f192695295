"""Tables on stdout that no terminal is too narrow for: names are never broken inside a word."""

from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from engrax.cli.output import printable
from engrax.runs.scoreboard import SCORES, Agent, levels, score_rows
from engrax.viewing.recollection import Recollection

_UNBOUNDED = 10_000
"""Columns that any table fits into."""


def print_scores(agents: Sequence[Agent], console: Console | None = None) -> None:
    """Prints the scores of a comparison: as a table, or as a list where the table does not fit.

    Args:
        agents: that were compared.
        console: where to; stdout if not given.
    """
    console = console or Console(highlight=False)
    table = _table(agents)
    unbounded = console.options.update(width=_UNBOUNDED)
    if Measurement.get(console, unbounded, table).maximum <= console.width:
        console.print(table)
    else:
        console.print(Text("\n".join(_lines(agents))), no_wrap=True, overflow="ignore", crop=False)


def print_recollection(found: Recollection) -> None:
    """Prints what decisions recall, as two tables."""
    console = Console(highlight=False)
    console.print(f"{found.decisions:,} decisions in {found.episodes:,} episodes")
    for title, shares in (("steps ago", found.ages), ("showed", found.events)):
        table = Table(title, "attention", "if even", box=None, padding=(0, 2, 0, 0))
        for share in shares:
            table.add_row(share.name, f"{share.attention:.3f}", f"{share.even:.3f}")
        console.print(table)


def _table(agents: Sequence[Agent]) -> Table:
    table = Table("level", *SCORES, box=None, padding=(0, 2, 0, 0))
    for level in levels(agents):
        for row in score_rows(agents, level):
            table.add_row(*(Text(printable(cell)) for cell in (level, *row)))
    return table


def _lines(agents: Sequence[Agent]) -> Iterator[str]:
    for level in levels(agents):
        yield f"level {printable(level)}"
        for agent, *cells in score_rows(agents, level):
            yield f"  {printable(agent)}"
            named = zip(SCORES[1:], cells, strict=True)
            yield from (f"    {name}: {cell}" for name, cell in named if cell)
