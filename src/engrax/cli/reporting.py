"""Training with its progress on stderr, and what is said at its end."""

import math
from contextlib import nullcontext, suppress
from pathlib import Path

from engrax.cli.display import make_display
from engrax.cli.output import last_word, print_json, say, warn
from engrax.runs.directory import RunDirectory
from engrax.runs.entries import summary_entry
from engrax.runs.hosts import is_first
from engrax.runs.loop import Outcome
from engrax.runs.summarising import summarise
from engrax.runs.training import Job


def train_and_report(job: Job, as_json: bool) -> int:
    """Trains a job to its end, and says how it went and what to do next; of several processes the
    first does.

    Args:
        job: the run.
        as_json: whether to print what `engrax show --json` says, too.

    Returns:
        The exit status: 0, or 130 if it was stopped early.

    Raises:
        RunFailedError: training broke off.
    """
    if not is_first():
        return 130 if job.run().interrupted else 0
    outcome = train_shown(job)
    return report(outcome.directory, outcome.updates, outcome.interrupted, as_json)


def report(directory: RunDirectory, updates: int, interrupted: bool, as_json: bool) -> int:
    """Says how training ended and what to do next; see `train_and_report`.

    Args:
        directory: of the run.
        updates: made in all.
        interrupted: whether it was stopped early.
        as_json: see `train_and_report`.

    Returns:
        The exit status.
    """
    path = directory.path
    if interrupted:
        last_word(stopped(path, updates))
    else:
        say(f"trained {path}; next: engrax evaluate {path} --episodes 500 --seed 1")
    if as_json:
        with suppress(OSError) if interrupted else nullcontext():
            print_json(summary_entry(summarise(directory, warn)))
    return 130 if interrupted else 0


def stopped(path: Path, updates: int) -> str:
    """How to go on with a run that was stopped."""
    return f"stopped at update {updates}, all is saved; go on: engrax resume {path}"


def train_shown(job: Job, until: int | None = None, seconds: float = math.inf) -> Outcome:
    """Trains a job with its progress on stderr; see `Job.run`."""
    with make_display(job.experiment.updates if until is None else until) as display:
        return job.run(display.show, until, seconds)
