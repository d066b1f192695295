"""A report as one page of HTML that needs no other file: pictures are in it."""

import html
from collections.abc import Sequence
from typing import NamedTuple

from engrax.evaluation.plots import BandedCurve, banded_curves

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem;
  color: #222 }
h1 { font-size: 1.5rem } h2 { font-size: 1.15rem; margin-top: 2rem }
table { border-collapse: collapse; margin: .5rem 0 1rem } svg { max-width: 100%; height: auto }
th, td { text-align: left; padding: .2rem 1.2rem .2rem 0; border-bottom: 1px solid #ddd }
p, li { max-width: 45rem; color: #444 }
"""
_HOW_TO_READ = """
<h2>How to read this</h2>
<ul>
<li>A score is the share of fresh episodes in which one trained agent had success; in tasks without
success it is the mean return. All agents play the same episodes; actions are sampled.</li>
<li>A mean by repetition, such as the moves to a goal by how often it was reached before, is over
all runs. Repetitions that fewer than nine episodes in ten reached are left out.</li>
<li>Interquartile mean: the mean of the middle half of an agent's runs; of fewer than four runs, of
all of them.</li>
<li>95 % interval of a score: Student's t over the runs, from ten runs on that of a trimmed mean. It
holds in 92 to 95 % of cases for scores that are normal, in about 90 % for skewed ones, and in 70 to
90 % where some seeds learn the task and others do not. With few runs it is wide, and may reach
beyond the scores that are possible.</li>
<li>Probability of improvement: the share of pairs of runs, one of each agent, in which the first
scores more; ties count half. Its interval is Wilson's, for as many trials as the smaller group has
runs.</li>
<li>Curves: training episodes, smoothed over 20 updates, as many before a point as after it; the
band is the 95 % interval of the mean over runs, point by point.</li>
<li>Seconds are of the clock, on this machine, with whatever else ran there. CPU seconds are those
of all threads and worker processes of a run.</li>
</ul>
<p>After Agarwal et al. 2021, arXiv 2108.13264.</p>
"""


class Section(NamedTuple):
    """A part of a report: its heading, and HTML."""

    title: str
    body: str


def html_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of plain text; nothing where there are no rows."""
    if not rows:
        return ""
    head = "".join(f"<th>{html.escape(name)}</th>" for name in header)
    body = "".join(
        "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>\n"
        for row in rows
    )
    return f"<table>\n<tr>{head}</tr>\n{body}</table>\n"


def html_page(title: str, curves: Sequence[BandedCurve], sections: Sequence[Section]) -> str:
    """The whole page: learning curves, sections, and how to read them."""
    parts = "".join(
        f"<h2>{html.escape(section.title)}</h2>\n{section.body}" for section in sections
    )
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f"<title>{html.escape(title)}</title>\n"
        f"<style>{_STYLE}</style>\n</head>\n<body>\n<h1>{html.escape(title)}</h1>\n"
        f"<h2>Learning curves</h2>\n{banded_curves(curves)}\n{parts}{_HOW_TO_READ}"
        "</body>\n</html>\n"
    )
