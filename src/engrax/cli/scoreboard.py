"""What a comparison came to: the figures of each level, as a table, as JSON, and as one page of HTML."""

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

from rich.table import Table

from engrax.evaluation.comparison import interquartile_mean, probability_of_improvement
from engrax.evaluation.plots import BandedCurve
from engrax.evaluation.report import Section, html_page, html_table
from engrax.evaluation.statistics import Mean, span
from engrax.runs import checkpoint
from engrax.runs.directory import RunDirectory
from engrax.runs.metrics import Row

WINDOW = 20
"""Updates over which curves are smoothed."""


class ScoredRun(NamedTuple):
    """One trained agent: its log, its size, and what it scored on each level."""

    preset: str
    rows: list[Row]
    parameters: int
    scores: dict[str, dict[str, Any]]


class Agent(NamedTuple):
    """All runs of one preset."""

    preset: str
    runs: tuple[ScoredRun, ...]

    def returns(self, level: str) -> list[float]:
        """The mean return of each run."""
        return [run.scores[level]["mean_return"] for run in self.runs]


def read(preset: str, path: Path, scores: dict[str, dict[str, Any]]) -> ScoredRun:
    """A run with its scores, and what else there is to say of it in its directory."""
    directory = RunDirectory.open(path)
    size = sum(array.size for array in checkpoint.load(directory.weights).arrays.values())
    return ScoredRun(preset, directory.metrics.rows(), size, scores)


def by_preset(runs: Sequence[ScoredRun]) -> list[Agent]:
    """Runs by preset, in the order given."""
    order = list(dict.fromkeys(run.preset for run in runs))
    sorted_runs = sorted(runs, key=lambda run: order.index(run.preset))
    return [Agent(preset, tuple(group)) for preset, group in groupby(sorted_runs, key=lambda run: run.preset)]


def levels(agents: Sequence[Agent]) -> list[str]:
    """All levels that every agent has played."""
    played = [list(run.scores) for agent in agents for run in agent.runs]
    return [name for name in (played[0] if played else []) if all(name in each for each in played)]


def table(agents: Sequence[Agent]) -> Table:
    """The scores, for a terminal."""
    made = Table("level", *SCORES, box=None, padding=(0, 2, 0, 0))
    for level in levels(agents):
        for row in _score_rows(agents, level):
            made.add_row(level, *row)
    for column in made.columns:
        column.overflow = "fold"
    return made


SCORES = ("agent", "interquartile mean", "95 % interval", "of each seed", "chance")


def _score_rows(agents: Sequence[Agent], level: str) -> list[tuple[str, ...]]:
    return [
        (
            agent.preset,
            f"{(mean := interquartile_mean(agent.returns(level))).value:.3f}",
            _interval(mean),
            ", ".join(f"{score:.3f}" for score in agent.returns(level)),
            _chance(agent.runs[0].scores[level]["chance"]),
        )
        for agent in agents
    ]


def _improvement_rows(agents: Sequence[Agent], level: str) -> list[tuple[str, ...]]:
    pairs = [(a, b) for i, a in enumerate(agents) for b in agents[i + 1 :]]
    likely = [(a, b, probability_of_improvement(a.returns(level), b.returns(level))) for a, b in pairs]
    return [(f"{a.preset} over {b.preset}", f"{mean.value:.2f}", _interval(mean)) for a, b, mean in likely]


def _cost_rows(agents: Sequence[Agent]) -> list[tuple[str, ...]]:
    rows = []
    for agent in agents:
        steps = [float(run.rows[-1]["environment_steps"] or 0) for run in agent.runs]
        seconds = [float(run.rows[-1].get("seconds") or 0) for run in agent.runs]
        speed = sum(steps) / sum(seconds) if sum(seconds) else 0.0
        figures = (agent.runs[0].parameters, steps[0], speed, sum(seconds) / len(seconds))
        rows.append((agent.preset, str(len(agent.runs)), *(f"{figure:,.0f}" for figure in figures)))
    return rows


def page(agents: Sequence[Agent]) -> str:
    """The report: one page of HTML that needs no other file."""
    sections = [
        Section(
            f"Level: {level}",
            html_table(SCORES, _score_rows(agents, level))
            + html_table(("probability of improvement", "", "95 % interval"), _improvement_rows(agents, level)),
        )
        for level in levels(agents)
    ]
    costs = ("agent", "runs", "parameters", "environment steps", "steps a second", "seconds a run")
    sections.append(Section("What they cost", html_table(costs, _cost_rows(agents))))
    return html_page("Comparison: " + ", ".join(agent.preset for agent in agents), _curves(agents), sections)


def as_json(agents: Sequence[Agent]) -> dict[str, Any]:
    """The figures of the report."""
    return {
        "levels": {
            level: {
                agent.preset: {
                    "interquartile_mean": (mean := interquartile_mean(agent.returns(level))).value,
                    "ci95": mean.ci95,
                    "mean_returns": agent.returns(level),
                }
                for agent in agents
            }
            for level in levels(agents)
        },
        "agents": {agent.preset: {"parameters": agent.runs[0].parameters} for agent in agents},
    }


def _curves(agents: Sequence[Agent]) -> list[BandedCurve]:
    return [
        BandedCurve(
            agent.preset,
            [[float(row["environment_steps"] or 0) for row in run.rows] for run in agent.runs],
            [[row.get("return") for row in run.rows] for run in agent.runs],
            WINDOW,
        )
        for agent in agents
    ]


def _interval(mean: Mean) -> str:
    return "one run" if mean.ci95 is None else span(mean.ci95)


def _chance(chance: float | None) -> str:
    return "" if chance is None else f"{chance:.3g}"
