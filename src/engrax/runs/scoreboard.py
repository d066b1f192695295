"""What a comparison found: the figures of each level as rows, as JSON, and as one page of HTML."""

import json
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

from engrax.evaluation.comparison import interquartile_mean, probability_of_improvement
from engrax.evaluation.statistics import Mean, span
from engrax.runs import checkpoint
from engrax.runs.directory import RunDirectory
from engrax.runs.entries import comparison_entry
from engrax.runs.metrics import Row
from engrax.runs.storage import write_text

REPORT, FIGURES = "report.html", "report.json"
WINDOW = 20
"""Updates over which curves are smoothed."""
SCORES = ("agent", "interquartile mean", "95 % interval", "of each seed", "chance")
_IMPROVEMENT = ("probability of improvement", "", "95 % interval")
_COSTS = (
    "agent",
    "runs",
    "parameters",
    "environment steps",
    "steps a second",
    "seconds a run",
    "CPU seconds a run",
)

Cells = tuple[str, ...]


class ScoredRun(NamedTuple):
    """One trained agent.

    Attributes:
        agent: the name of what was compared.
        rows: its log.
        parameters: how many it has.
        scores: what it scored, by level; see `comparing.scores`.
    """

    agent: str
    rows: list[Row]
    parameters: int
    scores: dict[str, dict[str, Any]]


class Agent(NamedTuple):
    """All runs of what was compared under one name."""

    name: str
    runs: tuple[ScoredRun, ...]

    def scores(self, level: str) -> list[float]:
        """The share of episodes with success of each run, or its mean return if there is none."""
        played = [run.scores[level] for run in self.runs]
        measure = "mean_return" if played[0]["success_rate"] is None else "success_rate"
        return [each[measure] for each in played]

    def repetitions(self, level: str) -> list[float]:
        """The mean over runs by repetition, as far as all runs have it."""
        found = [run.scores[level].get("repetitions") or {"means": []} for run in self.runs]
        values = zip(*([mean["mean"] for mean in each["means"]] for each in found), strict=False)
        return [sum(each) / len(each) for each in values]


def read(agent: str, path: Path, scores: dict[str, dict[str, Any]]) -> ScoredRun:
    """A run with its scores, its log, and its size."""
    directory = RunDirectory.open(path)
    weights = checkpoint.load(directory.weights).arrays.values()
    size = sum(array.size for array in weights)
    return ScoredRun(agent, directory.metrics.rows(), size, scores)


def by_agent(runs: Sequence[ScoredRun]) -> list[Agent]:
    """Runs by agent, in the order in which the agents first occur."""
    order = list(dict.fromkeys(run.agent for run in runs))
    groups = groupby(sorted(runs, key=lambda run: order.index(run.agent)), lambda run: run.agent)
    return [Agent(name, tuple(group)) for name, group in groups]


def best_first(agents: Sequence[Agent]) -> list[Agent]:
    """Agents by their interquartile mean, averaged over levels."""
    played = levels(agents)
    score = lambda agent: sum(interquartile_mean(agent.scores(level)).value for level in played)  # noqa: E731
    return sorted(agents, key=score, reverse=True)


def levels(agents: Sequence[Agent]) -> list[str]:
    """All levels that every agent has played."""
    played = [list(run.scores) for agent in agents for run in agent.runs]
    first = played[0] if played else []
    return [name for name in first if all(name in each for each in played)]


def score_rows(agents: Sequence[Agent], level: str) -> list[Cells]:
    """The cells of `SCORES` on a level, one row an agent."""
    rows = []
    for agent in agents:
        mean = interquartile_mean(agent.scores(level))
        each = ", ".join(f"{score:.3f}" for score in agent.scores(level))
        chance = agent.runs[0].scores[level]["chance"]
        cells = (f"{mean.value:.3f}", _interval(mean), each, _number(chance))
        rows.append((agent.name, *cells))
    return rows


def write_report(agents: Sequence[Agent], out: Path) -> Path:
    """Writes the page and the figures of a comparison.

    Args:
        agents: that were compared.
        out: the folder.

    Returns:
        The page.

    Raises:
        OSError: it cannot be written.
    """
    figures = comparison_entry(agents, levels(agents))
    write_text(out / FIGURES, json.dumps(figures, allow_nan=False, indent=1) + "\n")
    write_text(out / REPORT, page(agents))
    return out / REPORT


def page(agents: Sequence[Agent]) -> str:
    """The report: one page of HTML that needs no other file."""
    # Matplotlib takes a second to import; the scores alone do without it.
    from engrax.evaluation.plots import BandedCurve
    from engrax.evaluation.report import Section, html_page, html_table

    def section(level: str) -> Section:
        scores = html_table(SCORES, score_rows(agents, level))
        improvement = html_table(_IMPROVEMENT, _improvement_rows(agents, level))
        repeated = html_table(*_by_repetition(agents, level))
        return Section(f"Level: {level}", scores + improvement + repeated)

    def curve(agent: Agent) -> BandedCurve:
        steps = [[float(row["environment_steps"] or 0) for row in run.rows] for run in agent.runs]
        values = [[row.get("return") for row in run.rows] for run in agent.runs]
        return BandedCurve(agent.name, steps, values, WINDOW)

    sections = [section(level) for level in levels(agents)]
    sections.append(Section("What they cost", html_table(_COSTS, _cost_rows(agents))))
    title = "Comparison: " + ", ".join(agent.name for agent in agents)
    return html_page(title, [curve(agent) for agent in agents], sections)


def _improvement_rows(agents: Sequence[Agent], level: str) -> list[Cells]:
    rows = []
    for index, ours in enumerate(agents):
        for theirs in agents[index + 1 :]:
            mean = probability_of_improvement(ours.scores(level), theirs.scores(level))
            pair = f"{ours.name} over {theirs.name}"
            rows.append((pair, f"{mean.value:.2f}", _interval(mean)))
    return rows


def _by_repetition(agents: Sequence[Agent], level: str) -> tuple[Cells, list[Cells]]:
    """The head and the rows of the means by repetition; no rows where nothing is repeated."""
    found = agents[0].runs[0].scores[level].get("repetitions")
    if not found:
        return (), []
    means = {agent.name: agent.repetitions(level) for agent in agents}
    most = max(map(len, means.values()))
    head = (f"{found['value']} by {found['by']}", *map(str, range(most)))
    rows = [
        (name, *(f"{mean:.3g}" for mean in values), *[""] * (most - len(values)))
        for name, values in means.items()
    ]
    return head, rows


def _cost_rows(agents: Sequence[Agent]) -> list[Cells]:
    rows = []
    for agent in agents:
        steps = [float(run.rows[-1]["environment_steps"] or 0) for run in agent.runs]
        seconds = _last(agent, "seconds")
        speed = sum(steps) / sum(seconds) if sum(seconds) else 0.0
        figures = (agent.runs[0].parameters, steps[0], speed, sum(seconds) / len(seconds))
        counted = [f"{figure:,.0f}" for figure in figures]
        cpu = _last(agent, "cpu_seconds")
        counted.append(f"{sum(cpu) / len(cpu):,.0f}" if all(cpu) else "")
        rows.append((agent.name, str(len(agent.runs)), *counted))
    return rows


def _last(agent: Agent, name: str) -> list[float]:
    """A number at the end of each run; 0 where it was not measured."""
    return [float(run.rows[-1].get(name) or 0) for run in agent.runs]


def _interval(mean: Mean) -> str:
    return "one run" if mean.ci95 is None else span(mean.ci95)


def _number(chance: float | None) -> str:
    return "" if chance is None else f"{chance:.3g}"
