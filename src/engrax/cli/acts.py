"""The two acts of `engrax demo`: what is trained, and what is shown of it."""

import math
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from engrax.cli.display import status
from engrax.cli.output import say
from engrax.cli.reporting import train_shown
from engrax.evaluation.plots import Curve, learning_curve
from engrax.evaluation.statistics import span
from engrax.runs.building import find_preset, load_trained
from engrax.runs.evaluating import Evaluation, evaluate
from engrax.runs.loop import Outcome
from engrax.runs.pages import Player, Wanted, view
from engrax.runs.replaying import Replay, replay
from engrax.runs.training import new_run

REMEMBERS, FORGETS = "hcam-ballet-demo", "none-ballet-demo"
PREDICTS = "merlin-memory-game-demo"
LEVEL = "Ballet with 2 dancers, 2 dances, a delay of 2"
GAME = "The Memory Game with 3 pairs"
LABELS = ("HCAM", "no memory")
_SHOWN = 5
"""Episodes on the page."""
_COLUMNS = ("agent", "finds the dancer", "95 % interval", "chance", "steps trained")


class Stopped(Exception):
    """A run was stopped early; its state is saved."""

    def __init__(self, outcome: Outcome):
        super().__init__("stopped")
        self.outcome = outcome


def dancers(out: Path, minutes: float, episodes: int) -> None:
    """HCAM against no memory, on Ballet."""
    say(
        f"{LEVEL}.\n1/3 an HCAM agent learns to find a dancer by its dance, at most {minutes:g} min"
    )
    remembers = train(REMEMBERS, out / "hcam", seconds=60.0 * minutes)
    say("2/3 the same agent without memory, for as many steps")
    forgets = train(FORGETS, out / "none", updates=remembers.updates)
    say(f"playing {episodes} fresh episodes with each")
    runs = (remembers, forgets)
    results = [evaluate(outcome.directory, episodes, seed=1) for outcome in runs]
    picture = out / "learning_curve.png"
    draw(picture, runs, results[0].chance)
    Console().print(_table(results))
    print(verdict(*results))
    recalled = out / "recall.html"
    look_closer(recalled, runs)
    print(f"learning curve: {picture}\nwhat the agents recalled, and what it is worth: {recalled}")


def look_closer(out: Path, runs: Sequence[Outcome]) -> None:
    """Writes the page of what the agents recalled."""
    paths = [outcome.directory.path for outcome in runs]
    players = [Player(path, load_trained(path)) for path in paths]
    with status() as progress:
        view(players, Wanted(out, _SHOWN, seed=1), progress)


def cards(out: Path, minutes: float, episodes: int) -> None:
    """MERLIN on the Memory Game, and what it read in one episode."""
    say(f"{GAME}.\n3/3 MERLIN learns to find pairs of cards, at most {minutes:g} minutes")
    directory = train(PREDICTS, out / "merlin", seconds=60.0 * minutes).directory
    say(f"playing {episodes} fresh episodes")
    result = evaluate(directory, episodes, seed=1)
    ends = "" if result.returns.ci95 is None else f" (95 % interval {span(result.returns.ci95)})"
    print(
        f"MERLIN finds {result.returns.value:.2f} of 3 pairs{ends} after "
        f"{result.environment_steps:,} steps; random flips find {result.chance:.2f}, perfect "
        "memory 3"
    )
    wanted = Replay(out / "merlin.gif", fps=1)
    with status() as progress:
        what = replay(load_trained(directory), wanted, progress)
    print(f"{wanted.out}: {what}")


def train(
    preset: str, path: Path, *, updates: int | None = None, seconds: float = math.inf
) -> Outcome:
    """Trains a preset until a number of updates, its own if not given, or a time.

    Raises:
        Stopped: training was stopped early; the state is saved.
    """
    command = ["engrax", "demo"]
    with new_run(find_preset(preset), path, preset=preset, command=command) as job:
        outcome = train_shown(job, updates, seconds)
    if outcome.interrupted:
        raise Stopped(outcome)
    return outcome


def draw(picture: Path, runs: Sequence[Outcome], chance: float | None) -> None:
    """Draws the learning curves of the runs."""
    curves = []
    for label, outcome in zip(LABELS, runs, strict=True):
        rows = outcome.directory.metrics.rows()
        steps = [float(row["environment_steps"] or 0) for row in rows]
        curves.append(Curve(label, steps, [row["success"] for row in rows]))
    learning_curve(picture, curves, y_label="episodes with success", title=LEVEL, chance=chance)


def verdict(remembers: Evaluation, forgets: Evaluation) -> str:
    """What the evaluation shows, and no more."""
    low, _ = _interval(remembers)
    _, high = _interval(forgets)
    if low > max(remembers.chance or 0.0, high):
        return "The agent with memory is above chance and above the same agent without memory."
    return (
        "The agent with memory is not clearly above chance yet: give it more --minutes, or resume "
        "it."
    )


def _table(results: Sequence[Evaluation]) -> Table:
    table = Table(*_COLUMNS, box=None, padding=(0, 2, 0, 0))
    for label, result in zip(LABELS, results, strict=True):
        rate = "-" if result.success is None else f"{result.success.value:.3f}"
        chance, steps = f"{result.chance or 0:.2f}", f"{result.environment_steps:,}"
        table.add_row(label, rate, span(_interval(result)), chance, steps)
    return table


def _interval(result: Evaluation) -> tuple[float, float]:
    """The interval of the success rate, which Ballet's tasks always have."""
    assert result.success is not None
    assert result.success.ci95 is not None
    return result.success.ci95
