"""`engrax demo`: trains an agent that remembers and one that does not, and says how each does."""

import argparse
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console
from rich.table import Table

from engrax.cli import training
from engrax.cli.arguments import Parser, integer
from engrax.cli.display import make_display
from engrax.cli.evaluate import evaluate
from engrax.cli.experiment import build_trainer, find_preset
from engrax.cli.output import say
from engrax.evaluation.plots import Curve, learning_curve
from engrax.runs.directory import RunDirectory
from engrax.runs.naming import new_path

REMEMBERS, FORGETS = "hcam-ballet-demo", "none-ballet-demo"
LEVEL = "Ballet with 2 dancers, 2 dances, a delay of 2"

_EXAMPLES = """\
  engrax demo
  engrax demo --minutes 3 --out runs/quick
"""


class Trained(NamedTuple):
    """A run of the demo: where it is, the updates made, and whether Ctrl-C ended it."""

    directory: RunDirectory
    updates: int
    interrupted: bool


def run(words: Sequence[str]) -> int:
    """Runs the command; see `engrax demo --help`."""
    return demonstrate(_parser().read(words))


def demonstrate(arguments: argparse.Namespace) -> int:
    """Trains both agents, evaluates them, and says how they did; returns the exit status."""
    out = arguments.out or new_path("demo")
    say(f"{LEVEL}.\n1/2 an HCAM agent learns to find the dancer it is told of, {arguments.minutes} minutes at most")
    remembers = train(REMEMBERS, out / "hcam", seconds=60.0 * arguments.minutes)
    if remembers.interrupted:
        return _interrupted(remembers)
    say("2/2 the same agent without memory, for as many steps")
    forgets = train(FORGETS, out / "none", updates=remembers.updates)
    if forgets.interrupted:
        return _interrupted(forgets)
    say(f"playing {arguments.episodes} fresh episodes with each")
    results = [evaluate(trained.directory, arguments.episodes, seed=1) for trained in (remembers, forgets)]
    picture = out / "learning_curve.png"
    draw(picture, [remembers, forgets], results[0]["chance"])
    Console().print(_table(results))
    print(f"{verdict(*results)}\nlearning curve: {picture}\nlook closer: engrax show {remembers.directory.path}")
    return 0


def train(preset: str, path: Path, *, updates: int | None = None, seconds: float = math.inf) -> Trained:
    """Trains a preset into a new directory until so many updates, its own number by default, or a time."""
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
    return Trained(directory, int(outcome.state.updates), outcome.interrupted)


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
        low, high = result["success_ci95"]
        numbers = (f"{result['success_rate']:.3f}", f"{low:.3f} to {high:.3f}", f"{result['chance']:.2f}")
        table.add_row(label, *numbers, f"{result['environment_steps']:,}")
    return table


def _interrupted(trained: Trained) -> int:
    say(f"stopped at update {trained.updates}, all is saved; go on: engrax resume {trained.directory.path}")
    return 130


def _minutes(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value <= 1e4:
        raise argparse.ArgumentTypeError(f"expected minutes, more than 0, got {text[:40]!r}")
    return value


def _parser() -> Parser:
    parser = Parser("demo", "Train an HCAM agent on Ballet and see what its memory is worth.", _EXAMPLES)
    parser.add_argument("--minutes", metavar="M", type=_minutes, default=8.0, help="HCAM's training at most (8)")
    parser.add_argument("--episodes", metavar="N", type=integer(2, 10**6), default=1000, help="to evaluate on (1000)")
    parser.add_argument("--out", metavar="DIR", type=Path, help="where to keep it all; runs/demo-TIME if not given")
    return parser
