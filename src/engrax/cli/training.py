"""The training loop around a trainer: metrics, checkpoints, Ctrl-C, and numbers that are no longer finite."""

import math
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple, Protocol, runtime_checkable

import equinox as eqx
import jax
import numpy as np

from engrax.cli.display import Display
from engrax.errors import RunFailedError, describe
from engrax.runs.directory import RunDirectory, State
from engrax.runs.events import EventLog

_MAY_BE_MISSING = ("return", "success")
"""Means over the episodes that ended: there are none in an update where none did."""


class DivergedError(RunFailedError):
    """Training has left the finite numbers; the message says what went first, and where to look."""


@runtime_checkable
class Trains(Protocol):
    """What the loop needs of a trainer."""

    @property
    def update(self) -> Callable[[Any], tuple[Any, Mapping[str, Any]]]:
        """Makes an update of a state, which it uses up: the state after it, and metrics."""
        ...

    def environment_steps(self, updates: int) -> int:
        """Steps taken in all streams after so many updates."""
        ...


class Outcome(NamedTuple):
    """How training ended: its last state, which is saved, and whether Ctrl-C ended it."""

    state: State
    interrupted: bool


def run(
    trainer: Trains,
    state: State,
    directory: RunDirectory,
    *,
    until: int,
    checkpoint_every: int,
    display: Display,
    seconds: float = math.inf,
) -> Outcome:
    """Trains until a number of updates, Ctrl-C, or a time, and saves.

    Args:
        trainer: makes the updates.
        state: where to go on from; it is donated.
        directory: where metrics and checkpoints go.
        until: total updates to stop after.
        checkpoint_every: updates between checkpoints.
        display: told of every update.
        seconds: to stop after all the same.

    Returns:
        The last state, and whether Ctrl-C came.

    Raises:
        DivergedError: a metric or a parameter is no longer finite; earlier checkpoints are kept.
        RunFailedError: something cannot be written; likewise.
    """
    elapsed, deadline = stopwatch(directory), time.monotonic() + seconds
    update = int(state.updates)
    with interruptible() as interrupted, display, _events(directory, trainer.environment_steps(update)) as events:
        while update < until and not interrupted() and time.monotonic() < deadline:
            state, metrics = trainer.update(state)
            update += 1
            counters = {"update": update, "environment_steps": trainer.environment_steps(update)}
            row = {**counters, "seconds": round(elapsed(), 3), **_floats(metrics)}
            _check_metrics(row, directory)
            with writing(directory):
                directory.metrics.append(row)
                events.append(row)
            display.show(row)
            if update % checkpoint_every == 0 and update < until:
                save(trainer, state, directory)
        save(trainer, state, directory)
        return Outcome(state, interrupted())


def save(trainer: Trains, state: State, directory: RunDirectory) -> None:
    """Saves a state whose parameters are finite; raises `DivergedError` for any other."""
    update = int(state.updates)
    for where, leaf in jax.tree_util.tree_leaves_with_path(eqx.filter(state.agent, eqx.is_inexact_array)):
        if not np.isfinite(leaf).all():
            name = jax.tree_util.keystr(where, simple=True, separator=".")
            raise DivergedError(
                f"the agent's {name} is no longer finite at update {update}; {_where_to_look(directory)}"
            )
    with writing(directory):
        directory.save(state, trainer.environment_steps(update))


@contextmanager
def writing(directory: RunDirectory) -> Iterator[None]:
    """Around what writes while a run goes on: raises `RunFailedError` if it cannot, with the way to go on."""
    try:
        yield
    except OSError as error:
        raise RunFailedError(
            f"{describe(error)}; what was saved before is kept; when it can be written, go on by "
            f"`engrax resume {directory.path}`"
        ) from error


def stopwatch(directory: RunDirectory) -> Callable[[], float]:
    """Seconds of training so far, those before a resume included."""
    rows = directory.metrics.rows()
    before = float(rows[-1].get("seconds") or 0.0) if rows else 0.0
    start = time.monotonic()
    return lambda: before + time.monotonic() - start


@contextmanager
def interruptible() -> Iterator[Callable[[], bool]]:
    """Lets the first Ctrl-C, or a request to end, wait for the update at hand; a second one stops at once.

    Yields:
        A function that says whether to stop.
    """
    asked: list[int] = []

    def ask(number: int, frame: object) -> None:
        if asked:
            raise KeyboardInterrupt
        asked.append(number)

    previous = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: bool(asked)
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _events(directory: RunDirectory, steps: int) -> EventLog:
    with writing(directory):
        return EventLog(directory.path, steps)


def _floats(metrics: Mapping[str, Any]) -> dict[str, float]:
    return {name: float(value) for name, value in jax.device_get(dict(metrics)).items()}


def _check_metrics(row: Mapping[str, int | float], directory: RunDirectory) -> None:
    allowed = _MAY_BE_MISSING if row.get("episodes") == 0 else ()
    bad = [f"{name} ({value})" for name, value in row.items() if name not in allowed and not math.isfinite(value)]
    if bad:
        first = f"{', '.join(bad)} went first, at update {row['update']}"
        raise DivergedError(f"training left the finite numbers: {first}; {_where_to_look(directory)}")


def _where_to_look(directory: RunDirectory) -> str:
    kept = directory.checkpoints()
    last = f"the last good checkpoint is {kept[0]}" if kept else "there was no checkpoint yet"
    return f"{last}; {directory.metrics.path} shows the updates before it; a lower --learner.learning_rate may help"
