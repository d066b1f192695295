"""`engrax compare`: trains presets with several seeds, plays the same episodes with all, and writes a report."""

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console

from engrax.cli import scoreboard, training
from engrax.cli.arguments import Parser, integer
from engrax.cli.display import make_display
from engrax.cli.evaluate import evaluate
from engrax.cli.experiment import build_trainer, experiment_of, find_preset, task_with
from engrax.cli.output import say, warn
from engrax.cli.settings import override, split_settings
from engrax.errors import BusyError, RunError, UserError
from engrax.experiments.codec import encode, parse_json, show
from engrax.experiments.config import Experiment
from engrax.experiments.presets import PRESETS
from engrax.experiments.tasks import Task, levels_of
from engrax.runs import checkpoint
from engrax.runs.directory import RunDirectory, counters
from engrax.runs.storage import read_text, write_text

REPORT, EVALUATIONS = "report.html", "evaluations"
LARGEST = 10_000_000
"""Bytes that a file of scores may have."""

_EXAMPLES = """\
  engrax compare hcam-ballet-demo lstm-ballet-demo --out runs/ballet
  engrax compare lstm-memory-game-3-pairs gtrxl-memory-game-3-pairs --seeds 5 --updates 2000 --out runs/game
  engrax compare hcam-ballet-laptop lstm-ballet-laptop --also dance_delay=48 --out runs/delay   # never trained on

Given again, it goes on where it was stopped; given twice at once with the same --out, two processes share the work.
"""


class Planned(NamedTuple):
    """One run of the comparison: what is trained, and where."""

    preset: str
    seed: int
    experiment: Experiment
    path: Path


class Stopped(Exception):
    """Ctrl-C ended a run; all is saved."""


def run(words: Sequence[str]) -> int:
    """Runs the command; see `engrax compare --help`."""
    reserved = ("--seeds", "--updates", "--episodes", "--seed", "--also", "--out", "--help")
    own, settings = split_settings(words, reserved)
    arguments = _parser().read(own)
    return compare(arguments, plan(arguments, settings))


def compare(arguments: argparse.Namespace, runs: Sequence[Planned]) -> int:
    """Trains what is left to train, evaluates what is trained, and reports; returns the exit status."""
    others = {text: task_settings(text) for text in arguments.also}
    for one in runs[: len(arguments.presets)]:  # what cannot be played is told before hours of training
        _levels(one.experiment, others)
    try:
        elsewhere = [one for number, one in enumerate(runs) if not train(one, f"{number + 1}/{len(runs)}")]
    except Stopped:
        say("stopped, all is saved; the same command goes on")
        return 130
    done = [one for one in runs if one not in elsewhere]
    say(f"playing {arguments.episodes} fresh episodes with each of {len(done)} agents")
    scored = [scoreboard.read(one.preset, one.path, scores(one, arguments, others)) for one in done]
    outcome = scoreboard.by_preset(scored)
    write_text(arguments.out / REPORT, scoreboard.page(outcome))
    write_text(arguments.out / "report.json", json.dumps(scoreboard.as_json(outcome), allow_nan=False, indent=1) + "\n")
    Console().print(scoreboard.table(outcome))
    for one in elsewhere:
        warn(f"{one.path} is being trained by another process: give the command again once it is done")
    print(f"report: {arguments.out / REPORT}")
    return 0


def plan(arguments: argparse.Namespace, settings: Mapping[str, str]) -> list[Planned]:
    """All runs, seed by seed, so that a comparison that is stopped early has compared something.

    Raises:
        ConfigError: a preset or setting is not known, or does not fit.
        UserError: a preset is named twice.
    """
    if twice := [name for name in arguments.presets if arguments.presets.count(name) > 1]:
        raise UserError(f"preset {show(twice[0])} is named twice: name it once; --seeds says how often it is trained")
    experiments = {name: override(find_preset(name), dict(settings)) for name in arguments.presets}
    if arguments.updates is not None:
        experiments = {name: experiment.of_length(arguments.updates) for name, experiment in experiments.items()}
    return [
        Planned(name, seed, replace(experiment, seed=seed), arguments.out / f"{name}-{seed}")
        for seed in range(arguments.seeds)
        for name, experiment in experiments.items()
    ]


def task_settings(text: str) -> dict[str, str]:
    """Settings of a task as typed: `dance_delay=48,num_dancers=4`."""
    pairs = [part.partition("=") for part in text.split(",")]
    if not all(name and equals and value for name, equals, value in pairs):
        raise UserError(f"--also {show(text)}: expected settings of the task, such as dance_delay=48,num_dancers=4")
    return {name.removeprefix("task."): value for name, _, value in pairs}


def train(one: Planned, place: str) -> bool:
    """Makes sure that a run is trained; says whether it is, since another process may be at it.

    Raises:
        RunError: the directory holds a run of other settings.
        Stopped: by Ctrl-C.
    """
    try:
        directory = _open(one)
        with directory.exclusive():
            if _updates_made(directory) >= one.experiment.updates:
                return True
            say(f"{place}: {one.preset}, seed {one.seed}")
            trainer, shapes = build_trainer(one.experiment)
            restored = directory.resume(shapes, warn)
            outcome = training.run(
                trainer,
                trainer.init() if restored is None else restored,
                directory,
                until=one.experiment.updates,
                checkpoint_every=one.experiment.checkpoint_every,
                display=make_display(one.experiment.updates),
            )
    except BusyError:
        return False
    if outcome.interrupted:
        raise Stopped
    return True


def scores(
    one: Planned, arguments: argparse.Namespace, others: Mapping[str, Mapping[str, str]]
) -> dict[str, dict[str, Any]]:
    """How a run does on each level, as `evaluate` has it; kept, so that no episode is played twice."""
    path = one.path.parent / EVALUATIONS / f"{one.path.name}.json"
    levels = _levels(one.experiment, others)
    asked = {"updates": one.experiment.updates, "episodes": arguments.episodes, "seed": arguments.seed}
    kept = parse_json(read_text(path, LARGEST), str(path)) if path.exists() else {}
    found = kept["levels"] if kept.get("asked") == asked else {}
    if missing := [name for name in levels if name not in found]:
        directory = RunDirectory.open(one.path)
        found |= {name: evaluate(directory, arguments.episodes, arguments.seed, task=levels[name]) for name in missing}
        path.parent.mkdir(exist_ok=True)
        write_text(path, json.dumps({"asked": asked, "levels": found}, allow_nan=False) + "\n")
    return {name: found[name] for name in levels}


def _levels(experiment: Experiment, others: Mapping[str, Mapping[str, str]]) -> dict[str, Task]:
    unseen = {f"{text} (not trained on)": task_with(experiment, settings) for text, settings in others.items()}
    return {**levels_of(experiment.task), **unseen}


def _open(one: Planned) -> RunDirectory:
    if not (one.path / "config.json").exists():
        command = ["engrax", "compare", one.preset]
        return RunDirectory.create(one.path, one.experiment, preset=one.preset, command=command)
    directory = RunDirectory.open(one.path)
    if encode(experiment_of(directory)) != encode(one.experiment):
        raise RunError(f"{one.path} was trained with other settings: give the same again, or another --out")
    return directory


def _updates_made(directory: RunDirectory) -> int:
    if not directory.weights.exists():
        return 0
    return counters(checkpoint.load(directory.weights), directory.weights)[0]


def _parser() -> Parser:
    parser = Parser(
        "compare",
        "Train presets with several seeds, play the same fresh episodes with all agents, and report who is better.",
        _EXAMPLES,
    )
    parser.usage = (
        "engrax compare PRESET ... --out DIR [--seeds N] [--updates N] [--episodes N] [--seed S] "
        "[--also SETTING=VALUE[,...] ...] [--any.setting VALUE ...]"
    )
    parser.add_argument("presets", metavar="PRESET", nargs="+", help=f"of: {', '.join(PRESETS)}")
    parser.add_argument("--out", metavar="DIR", type=Path, required=True, help="for all runs and the report")
    parser.add_argument("--seeds", metavar="N", type=integer(1, 1000), default=3, help="runs of each preset (3)")
    parser.add_argument(
        "--updates", metavar="N", type=integer(1, 10**12), help="of each run; ramps become as much shorter or longer"
    )
    parser.add_argument("--episodes", metavar="N", type=integer(2, 10**7), default=1000, help="to play (1000)")
    parser.add_argument("--seed", metavar="S", type=integer(0, 2**32 - 1), default=1, help="which episodes (1)")
    parser.add_argument(
        "--also", metavar="LEVEL", nargs="+", default=[], help="levels to play besides: settings of the task"
    )
    return parser
