"""Comparing agents: each trained with several seeds, all tried on the same fresh episodes.

What is done is kept in the folder of the comparison, so that it may be stopped and given again, and
several processes may share its work.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from engrax.errors import BusyError, RunError, UserError, show
from engrax.experiments.codec import encode
from engrax.experiments.config import Experiment
from engrax.experiments.levels import levels_of
from engrax.experiments.plain import parse_json
from engrax.runs import checkpoint, scoreboard
from engrax.runs.building import Task, experiment_of, load_trained, task_with
from engrax.runs.devices import settled
from engrax.runs.directory import RunDirectory, counters
from engrax.runs.entrants import Entrant, entrant, file_name, told_apart
from engrax.runs.entries import evaluation_entry
from engrax.runs.evaluating import played_by
from engrax.runs.log import warn as log_warning
from engrax.runs.loop import Outcome
from engrax.runs.scoreboard import Agent
from engrax.runs.storage import read_text, write_text
from engrax.runs.training import Job, Warn, restored_job

EVALUATIONS = "evaluations"
LARGEST = 10_000_000
"""Bytes that a file of scores may have."""

Levels = dict[str, Task]
Entry = dict[str, Any]


class Planned(NamedTuple):
    """One run of a comparison.

    Attributes:
        agent: the name of what is compared.
        seed: of everything random.
        experiment: what is trained.
        path: the run directory.
        scores: the file of its scores.
        trained: whether it was trained before the comparison, and elsewhere.
    """

    agent: str
    seed: int
    experiment: Experiment
    path: Path
    scores: Path
    trained: bool = False


class Progressed(NamedTuple):
    """How far the training of a comparison is.

    Attributes:
        done: runs that are trained.
        elsewhere: runs that other processes are training.
        stopped: whether training was stopped early; the state is saved.
        failed: runs that broke off, where others go on without them.
    """

    done: list[Planned]
    elsewhere: list[Planned]
    stopped: bool
    failed: tuple[Planned, ...] = ()


class Asked(NamedTuple):
    """The episodes that every agent plays: how many of each level, and which."""

    episodes: int
    seed: int


def plan(
    agents: Sequence[str],
    out: Path,
    *,
    seeds: int,
    settings: Mapping[str, str] | None = None,
    length: Callable[[Experiment], int | None] = lambda experiment: None,
) -> list[Planned]:
    """All runs, seed by seed, so that a comparison that is stopped early has compared something.

    Args:
        agents: what is compared: presets, with perhaps settings of their own, and the directories
            of runs that are trained already; see `entrant`.
        out: the folder of the comparison.
        seeds: runs of each preset.
        settings: to change in all presets, as typed.
        length: how many updates each is to make; None for its own number. Ramps become as much
            shorter or longer.

    Raises:
        ConfigError: a preset or setting is not known, or does not fit.
        RunError: a run that is given has no weights yet.
        UserError: one is named twice.
    """
    if twice := [name for name in agents if agents.count(name) > 1]:
        raise UserError(
            f"{show(twice[0])} is named twice: name it once; --seeds says how often a preset is "
            "trained"
        )
    entrants = told_apart([entrant(text, settings or {}) for text in agents])
    return [
        _planned(one, seed, out, length) if one.trained is None else _trained(one, one.trained, out)
        for seed in range(seeds)
        for one in entrants
        if seed == 0 or one.trained is None
    ]


def _planned(
    one: Entrant, seed: int, out: Path, length: Callable[[Experiment], int | None]
) -> Planned:
    name = f"{file_name(one.name)}-{seed}"
    experiment = replace(_of_length(one.experiment, length), seed=seed)
    return Planned(one.name, seed, experiment, out / name, out / EVALUATIONS / f"{name}.json")


def _trained(one: Entrant, directory: RunDirectory, out: Path) -> Planned:
    """A run that was trained before; it is only played with."""
    made = _updates_made(directory)
    if not made:
        raise RunError(f"{directory.path} has no weights yet: train it first, or leave it out")
    experiment = replace(one.experiment, updates=made)
    scores = out / EVALUATIONS / f"{file_name(str(directory.path.resolve()))}.json"
    return Planned(one.name, experiment.seed, experiment, directory.path, scores, trained=True)


def task_settings(text: str) -> dict[str, str]:
    """Settings of a task as typed: `dance_delay=48,num_dancers=4`."""
    pairs = [part.partition("=") for part in text.split(",")]
    if not all(name and equals and value for name, equals, value in pairs):
        raise UserError(
            f"--also {show(text)}: expected settings of the task, such as "
            "dance_delay=48,num_dancers=4"
        )
    return {name.removeprefix("task."): value for name, _, value in pairs}


def levels_played(experiment: Experiment, also: Sequence[str] = ()) -> Levels:
    """The levels that an agent is tried on: those it was trained on, and others, by their names.

    Raises:
        ConfigError: the agent could not play one of them; see `task_with`.
    """
    others = {f"{text} (not trained on)": task_settings(text) for text in also}
    unseen = {name: task_with(experiment, settings) for name, settings in others.items()}
    return {**levels_of(experiment.task), **unseen}


@contextmanager
def job_of(one: Planned, warn: Warn = log_warning) -> Iterator[Job | None]:
    """Opens a run of the comparison to train what is left of it.

    Args:
        one: the run.
        warn: called with one line for each damaged checkpoint that was passed over.

    Yields:
        The job, or None if the run is trained already.

    Raises:
        BusyError: another process is training it.
        RunError: the directory holds a run of other settings.
    """
    directory = _open(one)
    with directory.exclusive():
        trained = _updates_made(directory) >= one.experiment.updates
        yield None if trained else restored_job(directory, warn=warn)


def train_all(
    runs: Sequence[Planned],
    run_job: Callable[[Planned, Job], Outcome] = lambda one, job: job.run(),
    warn: Warn = log_warning,
) -> Progressed:
    """Trains what is left to train, one run after the other.

    Args:
        runs: of the comparison.
        run_job: trains one.
        warn: called with one line for each damaged checkpoint that was passed over.

    Returns:
        Which runs are trained, and whether training was stopped.

    Raises:
        RunError: a directory holds a run of other settings.
        RunFailedError: training broke off.
    """
    done: list[Planned] = []
    elsewhere: list[Planned] = []
    for one in runs:
        if one.trained:
            done.append(one)
            continue
        try:
            with job_of(one, warn) as job:
                outcome = None if job is None else run_job(one, job)
        except BusyError:
            elsewhere.append(one)
            continue
        if outcome is not None and outcome.interrupted:
            return Progressed(done, elsewhere, stopped=True)
        done.append(one)
    return Progressed(done, elsewhere, stopped=False)


def play_all(runs: Sequence[Planned], asked: Asked, also: Sequence[str] = ()) -> list[Agent]:
    """Plays with every trained run; see `scores`.

    Returns:
        What each agent's runs scored.
    """
    scored = [scoreboard.read(one.agent, one.path, scores(one, asked, also)) for one in runs]
    return scoreboard.by_agent(scored)


def scores(one: Planned, asked: Asked, also: Sequence[str] = ()) -> dict[str, Entry]:
    """How a trained run does on each level.

    Args:
        one: the run.
        asked: the episodes to play.
        also: levels besides those it was trained on, as typed.

    Returns:
        The entry of `engrax evaluate --json`, by level; kept, so that no episode is played twice.
    """
    path = one.scores
    levels = levels_played(one.experiment, also)
    wanted = {"updates": one.experiment.updates, **asked._asdict()}
    kept = parse_json(read_text(path, LARGEST), str(path)) if path.exists() else {}
    found = kept["levels"] if kept.get("asked") == wanted else {}
    if missing := [name for name in levels if name not in found]:
        trained = load_trained(one.path)
        for name in missing:
            played = played_by(trained._replace(environment=levels[name]), *asked)
            found[name] = evaluation_entry(played)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_text(path, json.dumps({"asked": wanted, "levels": found}, allow_nan=False) + "\n")
    return {name: found[name] for name in levels}


def _of_length(experiment: Experiment, length: Callable[[Experiment], int | None]) -> Experiment:
    updates = length(experiment)
    return experiment if updates is None else experiment.of_length(updates)


def _open(one: Planned) -> RunDirectory:
    if not (one.path / "config.json").exists():
        command = ["engrax", "compare", one.agent]
        experiment = settled(one.experiment)
        return RunDirectory.create(one.path, experiment, preset=one.agent, command=command)
    directory = RunDirectory.open(one.path)
    found = experiment_of(directory)
    # Another machine, or a process with fewer cores, would have placed it otherwise.
    if encode(found) != encode(replace(one.experiment, placement=found.placement)):
        raise RunError(
            f"{one.path} was trained with other settings: give the same again, or another --out"
        )
    return directory


def _updates_made(directory: RunDirectory) -> int:
    if not directory.weights.exists():
        return 0
    return counters(checkpoint.load(directory.weights), directory.weights)[0]
