"""The training loop around a trainer: metrics, checkpoints, requests to stop, and divergence."""

import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any, NamedTuple, Protocol, runtime_checkable

import equinox as eqx
import jax
import numpy as np

from engrax.errors import RunFailedError, describe
from engrax.runs.directory import RunDirectory, State, updates_made
from engrax.runs.events import EventLog
from engrax.runs.hosts import all_alive, any_of_them, is_first, only_first
from engrax.runs.interrupts import interruptible
from engrax.runs.metrics import Row
from engrax.runs.wandb_log import WandbLog
from engrax.runtime import measured
from engrax.runtime.apart import ActorsLostError

Progress = Callable[[Row], object]
"""Called after every update with its metrics; a mean that does not exist is None."""


class DivergedError(RunFailedError):
    """A metric or a parameter is no longer finite; the message names it, and where to look."""


@runtime_checkable
class Trains(Protocol):
    """What the loop needs of a trainer."""

    @property
    def update(self) -> Callable[[Any], tuple[Any, Mapping[str, Any]]]:
        """Maps a state, which it uses up, to the state after one update and its metrics."""
        ...

    def init(self) -> Any:
        """The state before the first update."""
        ...

    def saved(self, state: Any) -> Any:
        """The state as a checkpoint holds it."""
        ...

    def environment_steps(self, updates: int) -> int:
        """Steps taken in all streams after so many updates."""
        ...


class Outcome(NamedTuple):
    """How training ended.

    Attributes:
        directory: of the run.
        state: the last state, which is saved.
        updates: made in all, those before a resume included.
        interrupted: whether Ctrl-C, a request to end, or a closed output stopped it early.
    """

    directory: RunDirectory
    state: State
    updates: int
    interrupted: bool


def ignore(row: Row) -> None:
    """Reports no progress."""


def run(
    trainer: Trains,
    state: State,
    directory: RunDirectory,
    *,
    until: int,
    checkpoint_every: int,
    progress: Progress = ignore,
    seconds: float = math.inf,
) -> Outcome:
    """Trains until a number of updates, a time, or a request to stop, and saves.

    Args:
        trainer: makes the updates.
        state: where to go on from; it is donated.
        directory: where metrics and checkpoints go.
        until: total updates to stop after.
        checkpoint_every: updates between checkpoints.
        progress: called after every update; if it cannot write any more, training stops as by
            Ctrl-C.
        seconds: time to stop after.

    Returns:
        The directory, the last state, the updates made, and whether training was stopped early.

    Raises:
        DivergedError: a metric or a parameter is no longer finite; earlier checkpoints are kept.
        RunFailedError: a file cannot be written, or too few actors are left; see `ApartTrainer`.
            Earlier checkpoints are kept.
    """
    deadline, update, going = time.monotonic() + seconds, updates_made(state), True
    go_on = f"go on by `engrax resume {directory.path}`"
    with (
        interruptible() as interrupted,
        recording(trainer, directory, update) as record,
        all_alive(f"what was saved is kept, all {go_on}"),
    ):
        asked = lambda: not going or interrupted() or time.monotonic() >= deadline  # noqa: E731
        while update < until and not any_of_them(asked()):
            try:
                state, metrics = trainer.update(state)
            except ActorsLostError as error:
                save(trainer, state, directory)
                raise RunFailedError(f"{error}; all is saved, {go_on}") from error
            update += 1
            going = shown(progress, record(update, metrics))
            if update % checkpoint_every == 0 and update < until:
                save(trainer, state, directory)
        save(trainer, state, directory)
        return Outcome(directory, state, update, any_of_them(interrupted() or not going))


@contextmanager
def recording(
    trainer: Trains, directory: RunDirectory, update: int, share: float = 1.0
) -> Iterator[Callable[[int, Mapping[str, Any]], Row]]:
    """Opens the logs of a run, and starts its clocks.

    Args:
        trainer: of the run.
        directory: of the run.
        update: where it goes on from.
        share: of this process's CPU time that is the run's.

    Yields:
        A function of an update's number and metrics that logs them as a row, and returns it; it
        raises `DivergedError` where a metric is not finite.
    """
    elapsed, cpu, steps = stopwatch(directory), CPUTime(directory, share), trainer.environment_steps
    with only_first(_logs(directory, steps(update))) as logs:

        def record(update: int, metrics: Mapping[str, Any]) -> Row:
            row: Row = {"update": update, "environment_steps": steps(update)}
            row |= {"seconds": round(elapsed(), 3), "cpu_seconds": round(cpu.after(metrics), 3)}
            row |= _checked(metrics, update, directory)
            with writing(directory):
                for log in [] if logs is None else [directory.metrics, *logs]:
                    log.append(row)
            return row

        yield record


def save(trainer: Trains, state: State, directory: RunDirectory) -> None:
    """Saves a state whose parameters are finite; raises `DivergedError` for any other."""
    update = updates_made(state)
    parameters = eqx.filter(state.learner.agent, eqx.is_inexact_array)
    for where, leaf in jax.tree_util.tree_leaves_with_path(parameters):
        if not np.isfinite(leaf).all():
            name = jax.tree_util.keystr(where, simple=True, separator=".")
            raise DivergedError(
                f"the agent's {name} is no longer finite at update {update}; "
                f"{_where_to_look(directory)}"
            )
    saved = trainer.saved(state)
    if is_first():
        with writing(directory):
            directory.save(saved, trainer.environment_steps(update))


@contextmanager
def writing(directory: RunDirectory):
    """Turns an `OSError` while a run goes on into a `RunFailedError` that says how to go on."""
    try:
        yield
    except OSError as error:
        raise RunFailedError(
            f"{describe(error)}; what was saved before is kept; when it can be written, go on by "
            f"`engrax resume {directory.path}`"
        ) from error


def stopwatch(directory: RunDirectory) -> Callable[[], float]:
    """Seconds of training so far, those before a resume included."""
    before, start = _logged(directory, "seconds"), time.monotonic()
    return lambda: before + time.monotonic() - start


@contextmanager
def _logs(directory: RunDirectory, steps: int) -> Iterator[list[EventLog | WandbLog]]:
    """Where rows go beside the metrics; closed at the end."""
    with ExitStack() as closing:
        with writing(directory):
            events = EventLog(directory.path, steps)
        logs: list[EventLog | WandbLog] = [closing.enter_context(events)]
        if directory.wandb is not None:
            log = WandbLog(directory.path, directory.wandb, directory.config)
            logs.append(closing.enter_context(log))
        yield logs


class CPUTime:
    """CPU time of training so far, that before a resume and that of worker processes included."""

    def __init__(self, directory: RunDirectory, share: float):
        self._before, self._share = _logged(directory, "cpu_seconds"), share
        self._start, self._workers = time.process_time(), 0.0

    def after(self, metrics: Mapping[str, Any]) -> float:
        """Seconds after an update with these metrics."""
        self._workers += float(metrics.get("worker_cpu_seconds", 0.0))
        own = self._share * (time.process_time() - self._start)
        return self._before + own + self._workers


def _logged(directory: RunDirectory, name: str) -> float:
    """What the last row of the metrics says; 0 where there is none."""
    rows = directory.metrics.rows()
    return float(rows[-1].get(name) or 0.0) if rows else 0.0


def shown(progress: Progress, row: Row) -> bool:
    """Whether progress could be reported: not if its reader has gone, or its terminal or disk."""
    try:
        progress(row)
    except OSError:
        return False
    return True


def _checked(metrics: Mapping[str, Any], update: int, directory: RunDirectory) -> Row:
    """Metrics as numbers, with None for means over no episodes; others must be finite."""
    values = measured(metrics)
    bad = {name: value for name, value in values.items() if not math.isfinite(value)}
    if bad:
        names = ", ".join(f"{name} ({value})" for name, value in bad.items())
        raise DivergedError(
            f"training left the finite numbers: {names} went first, at update {update}; "
            f"{_where_to_look(directory)}"
        )
    return {name: values.get(name) for name in metrics}


def _where_to_look(directory: RunDirectory) -> str:
    kept = directory.checkpoints()
    last = f"the last good checkpoint is {kept[0]}" if kept else "there was no checkpoint yet"
    return (
        f"{last}; {directory.metrics.path} shows the updates before it; a lower "
        "--learner.learning_rate may help"
    )
