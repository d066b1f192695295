"""`engrax demo`: HCAM on Ballet beside an agent that does not remember, then MERLIN on the Memory Game."""

import argparse
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console
from rich.table import Table

from engrax.cli import replay, training
from engrax.cli.arguments import Parser, integer
from engrax.cli.display import make_display
from engrax.cli.evaluate import evaluate
from engrax.cli.experiment import build_trainer, find_preset
from engrax.cli.output import say
from engrax.evaluation.plots import Curve, learning_curve
from engrax.evaluation.statistics import span
from engrax.runs.directory import RunDirectory
from engrax.runs.naming import new_path

REMEMBERS, FORGETS, PREDICTS = "hcam-ballet-demo", "none-ballet-demo", "merlin-memory-game-demo"
LEVEL = "Ballet with 2 dancers, 2 dances, a delay of 2"
GAME = "The Memory Game with 3 pairs"

_EXAMPLES = """\
  engrax demo
  engrax demo --minutes 3 --out runs/quick
"""


class Trained(NamedTuple):
    """A run of the demo: where it is, and the updates made."""

    directory: RunDirectory
    updates: int


class Stopped(Exception):
    """Ctrl-C ended a run."""

    def __init__(self, trained: Trained):
        super().__init__("stopped")
        self.trained = trained


def run(words: Sequence[str]) -> int:
    """Runs the command; see `engrax demo --help`."""
    return demonstrate(_parser().read(words))


def demonstrate(arguments: argparse.Namespace) -> int:
    """Both acts, one after the other; returns the exit status."""
    out = arguments.out or new_path("demo")
    try:
        dancers(out, arguments.minutes, arguments.episodes)
        cards(out, arguments.merlin_minutes, arguments.episodes)
    except Stopped as stopped:
        trained = stopped.trained
        say(f"stopped at update {trained.updates}, all is saved; go on: engrax resume {trained.directory.path}")
        return 130
    return 0


def dancers(out: Path, minutes: float, episodes: int) -> None:
    """HCAM against no memory, on Ballet."""
    say(f"{LEVEL}.\n1/3 an HCAM agent learns to find the dancer it is told of, {minutes:g} minutes at most")
    remembers = train(REMEMBERS, out / "hcam", seconds=60.0 * minutes)
    say("2/3 the same agent without memory, for as many steps")
    forgets = train(FORGETS, out / "none", updates=remembers.updates)
    say(f"playing {episodes} fresh episodes with each")
    results = [evaluate(trained.directory, episodes, seed=1) for trained in (remembers, forgets)]
    picture = out / "learning_curve.png"
    draw(picture, [remembers, forgets], results[0]["chance"])
    Console().print(_table(results))
    print(f"{verdict(*results)}\nlearning curve: {picture}\nlook closer: engrax show {remembers.directory.path}")


def cards(out: Path, minutes: float, episodes: int) -> None:
    """MERLIN on the Memory Game, and what it read in one episode."""
    say(f"{GAME}.\n3/3 MERLIN learns to find pairs of cards by remembering where each was, {minutes:g} minutes at most")
    trained = train(PREDICTS, out / "merlin", seconds=60.0 * minutes)
    say(f"playing {episodes} fresh episodes")
    result = evaluate(trained.directory, episodes, seed=1)
    (low, high), picture = result["return_ci95"], out / "merlin.gif"
    print(
        f"MERLIN finds {result['mean_return']:.2f} of 3 pairs (95 % sure: {low:.2f} to {high:.2f}) after "
        f"{result['environment_steps']:,} steps; flips at random find {result['chance']:.2f}, perfect memory 3"
    )
    replay.run([str(trained.directory.path), "--out", str(picture), "--fps", "1"])


def train(preset: str, path: Path, *, updates: int | None = None, seconds: float = math.inf) -> Trained:
    """Trains a preset into a new directory until so many updates, its own number by default, or a time.

    Raises:
        Stopped: by Ctrl-C; all is saved.
    """
    experiment = find_preset(preset)
    until = experiment.updates if updates is None else updates
    trainer, _ = build_trainer(experiment)
    directory = RunDirectory.create(path, experiment, preset=preset, command=["engrax", "demo"])
    with directory.exclusive():
        outcome = training.run(
            trainer,
            trainer.init(),
            directory,
            until=until,
            checkpoint_every=experiment.checkpoint_every,
            display=make_display(until),
            seconds=seconds,
        )
    trained = Trained(directory, int(outcome.state.updates))
    if outcome.interrupted:
        raise Stopped(trained)
    return trained


def draw(picture: Path, runs: Sequence[Trained], chance: float | None) -> None:
    """The learning curves of the runs."""
    curves = []
    for label, trained in zip(("HCAM", "no memory"), runs, strict=True):
        rows = trained.directory.metrics.rows()
        steps = [float(row["environment_steps"] or 0) for row in rows]
        curves.append(Curve(label, steps, [row["success"] for row in rows]))
    learning_curve(picture, curves, y_label="episodes that find the dancer", title=LEVEL, chance=chance)


def verdict(remembers: dict[str, Any], forgets: dict[str, Any]) -> str:
    """What the evaluation shows, and no more."""
    low, high = remembers["success_ci95"][0], forgets["success_ci95"][1]
    if low > max(remembers["chance"], high):
        return "The agent with memory is above chance and above the same agent without memory."
    return "The agent with memory is not clearly above chance yet: give it more --minutes, or resume it."


def _table(results: Sequence[dict[str, Any]]) -> Table:
    table = Table("agent", "finds the dancer", "95 % sure", "chance", "steps trained", box=None, padding=(0, 2, 0, 0))
    for label, result in zip(("HCAM", "no memory"), results, strict=True):
        numbers = (f"{result['success_rate']:.3f}", span(result["success_ci95"]), f"{result['chance']:.2f}")
        table.add_row(label, *numbers, f"{result['environment_steps']:,}")
    return table


def _minutes(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value <= 1e4:
        raise argparse.ArgumentTypeError(f"expected minutes, more than 0, got {text[:40]!r}")
    return value


def _parser() -> Parser:
    parser = Parser(
        "demo",
        "Train an HCAM agent on Ballet and see what its memory is worth; then MERLIN on the Memory Game.",
        _EXAMPLES,
    )
    parser.add_argument("--minutes", metavar="M", type=_minutes, default=8.0, help="HCAM's training at most (8)")
    parser.add_argument(
        "--merlin-minutes", metavar="M", type=_minutes, default=4.0, help="MERLIN's training at most (4)"
    )
    parser.add_argument("--episodes", metavar="N", type=integer(2, 10**6), default=1000, help="to evaluate on (1000)")
    parser.add_argument("--out", metavar="DIR", type=Path, help="where to keep it all; runs/demo-TIME if not given")
    return parser
