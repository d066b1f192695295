"""The runs of a comparison, with all seeds of an agent in one compiled program."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any, NamedTuple

from engrax.errors import BusyError, UserError
from engrax.runs.comparing import Planned, Progressed, job_of
from engrax.runs.interrupts import interruptible
from engrax.runs.log import warn as log_warning
from engrax.runs.loop import DivergedError, Progress, ignore, recording, save, shown
from engrax.runs.metrics import Row
from engrax.runs.training import Job, Warn
from engrax.runtime.side_by_side import SideBySide


class Ended(NamedTuple):
    """How the training of runs side by side ended.

    Attributes:
        stopped: whether it was stopped early; all is saved.
        diverged: why runs broke off, by their places.
    """

    stopped: bool
    diverged: Mapping[int, str]


def train_group(jobs: Sequence[Job], progress: Progress = ignore) -> Ended:
    """Trains runs that differ in their seeds, and are equally far, side by side.

    Args:
        jobs: the runs; each keeps its own logs and checkpoints.
        progress: called after every update with means over the runs, and the steps of all.

    Returns:
        How it ended. A run that diverges is not saved any more, and the others go on.

    Raises:
        UserError: their environments run in Python, or they are divided over devices.
        RunFailedError: a file cannot be written; earlier checkpoints are kept.
    """
    first, diverged = jobs[0], dict[int, str]()
    together, update, going = _side_by_side(jobs), first.restored or 0, True
    with ExitStack() as logs, interruptible() as interrupted:
        records = [
            logs.enter_context(recording(job.trainer, job.directory, update, 1 / len(jobs)))
            for job in jobs
        ]
        while update < first.experiment.updates and going and not interrupted():
            metrics, rows, update = together.update(), list[Row](), update + 1
            for place in _well(jobs, diverged):
                with _noting(diverged, place):
                    rows.append(records[place](update, metrics[place]))
            going = bool(rows) and shown(progress, _mean(rows))
            last = update == first.experiment.updates
            if update % first.experiment.checkpoint_every == 0 and not last:
                _save(jobs, together, diverged)
        _save(jobs, together, diverged)
    stopped = interrupted() or not going
    return Ended(stopped and len(diverged) < len(jobs), diverged)


def train_together(
    runs: Sequence[Planned],
    run_group: Callable[[Sequence[Planned], Sequence[Job]], Ended] = lambda runs, jobs: train_group(
        jobs
    ),
    warn: Warn = log_warning,
) -> Progressed:
    """Trains what is left to train, the seeds of one agent after those of the other.

    Args:
        runs: of the comparison.
        run_group: trains some of them, all of one agent and equally far.
        warn: called with one line for each run that breaks off, and each damaged checkpoint that
            was passed over.

    Returns:
        Which runs are trained, which broke off, and whether training was stopped.

    Raises:
        UserError: see `train_group`.
        RunError: a directory holds a run of other settings.
        RunFailedError: a file cannot be written.
    """
    done = [one for one in runs if one.trained]
    elsewhere: list[Planned] = []
    failed: list[Planned] = []
    for agent in dict.fromkeys(one.agent for one in runs if not one.trained):
        with ExitStack() as held:
            opened = [
                (one, _opened(one, held, elsewhere, warn))
                for one in runs
                if one.agent == agent and not one.trained
            ]
            done += [one for one, job in opened if job is None and one not in elsewhere]
            for group in _equally_far([(one, job) for one, job in opened if job is not None]):
                members = [one for one, _ in group]
                ended = run_group(members, [job for _, job in group])
                if ended.stopped:
                    return Progressed(done, elsewhere, stopped=True)
                for place, one in enumerate(members):
                    (failed if place in ended.diverged else done).append(one)
                for why in ended.diverged.values():
                    warn(why)
    ordered = [one for one in runs if one in done]
    return Progressed(ordered, elsewhere, stopped=False, failed=tuple(failed))


def _opened(one: Planned, held: ExitStack, elsewhere: list[Planned], warn: Warn) -> Job | None:
    """The job of a run, held until the stack closes; None where there is nothing to do here."""
    placement = replace(one.experiment.placement, devices=1)
    alone = one._replace(experiment=replace(one.experiment, placement=placement))
    try:
        return held.enter_context(job_of(alone, warn))
    except BusyError:
        elsewhere.append(one)
        return None


def _equally_far(
    opened: Sequence[tuple[Planned, Job]],
) -> Iterator[list[tuple[Planned, Job]]]:
    """Groups of runs that have made equally many updates; those that are behind come first."""
    far = lambda job: job.restored or 0  # noqa: E731
    for updates in sorted({far(job) for _, job in opened}):
        yield [(one, job) for one, job in opened if far(job) == updates]


def _side_by_side(jobs: Sequence[Job]) -> SideBySide:
    try:
        trainer: Any = jobs[0].trainer
        return SideBySide(trainer, [job.state for job in jobs])
    except ValueError as error:
        raise UserError(f"{jobs[0].directory.path}: {error}; leave out --together") from error


def _well(jobs: Sequence[Job], diverged: Mapping[int, str]) -> list[int]:
    return [place for place in range(len(jobs)) if place not in diverged]


@contextmanager
def _noting(diverged: dict[int, str], place: int) -> Iterator[None]:
    try:
        yield
    except DivergedError as error:
        diverged[place] = str(error)


def _save(jobs: Sequence[Job], together: SideBySide, diverged: dict[int, str]) -> None:
    for place in _well(jobs, diverged):
        with _noting(diverged, place):
            save(jobs[place].trainer, together.state(place), jobs[place].directory)


def _mean(rows: Sequence[Row]) -> Row:
    """Means over runs; of environment steps and CPU time the sums."""
    known = {name: [value for row in rows if (value := row[name]) is not None] for name in rows[0]}
    whole = {name: sum(values) / len(values) if values else None for name, values in known.items()}
    return whole | {name: sum(known[name]) for name in ("environment_steps", "cpu_seconds")}
