"""The training loop, with a trainer that costs nothing."""

import errno
import os
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import equinox as eqx
import jax.numpy as jnp
import pytest
from jaxtyping import Array

from engrax.runs.checkpoint import load
from engrax.runs.directory import RunDirectory
from engrax.runs.loop import DivergedError, Outcome, run
from engrax.runs.metrics import Row

from unit.runs.fake_runs import as_arrays


@dataclass(frozen=True)
class Experiment:
    updates: int = 10


class Learner(eqx.Module):
    agent: Array
    updates: Array


class State(eqx.Module):
    learner: Learner


def start() -> State:
    return State(Learner(jnp.zeros(3), jnp.int32(0)))


class FakeTrainer:
    """Adds one to every parameter; `meanwhile` may interfere."""

    def __init__(self, meanwhile: Callable[[int], dict[str, float]] = lambda update: {}):
        self.meanwhile = meanwhile

    def init(self) -> State:
        return start()

    def saved(self, state: State) -> State:
        return state

    def update(self, state: State) -> tuple[State, dict[str, Any]]:
        updates = state.learner.updates + 1
        metrics = {"episodes": 0.0, "return": 0.0, "success": 0.0, "loss": 0.5}
        following = State(Learner(state.learner.agent + 1.0, updates))
        return following, as_arrays(metrics | self.meanwhile(int(updates)))

    def environment_steps(self, updates: int) -> int:
        return 7 * updates


@pytest.fixture
def directory(tmp_path: Path) -> RunDirectory:
    return RunDirectory.create(tmp_path / "run", Experiment(), preset="fake", command=[])


def train(
    directory: RunDirectory, trainer: FakeTrainer, until: int = 10, **settings: Any
) -> Outcome:
    state = directory.resume(start(), pytest.fail) or start()
    return run(trainer, state, directory, until=until, checkpoint_every=4, **settings)


def updates_kept(directory: RunDirectory) -> list[int]:
    return [int(load(path).words["updates"]) for path in directory.checkpoints()]


def test_a_run_logs_every_update_and_saves(directory: RunDirectory):
    outcome = train(directory, FakeTrainer())
    assert (outcome.updates, outcome.interrupted) == (10, False)
    rows = directory.metrics.rows()
    assert [row["update"] for row in rows] == list(range(1, 11))
    assert [rows[-1][name] for name in ("environment_steps", "return", "loss")] == [70, None, 0.5]
    assert updates_kept(directory) == [10, 8]
    assert load(directory.checkpoints()[0]).words["environment_steps"] == "70"


def test_a_run_goes_on_where_it_stopped(directory: RunDirectory):
    train(directory, FakeTrainer(), until=3)
    seconds = directory.metrics.rows()[-1]["seconds"]
    train(directory, FakeTrainer(), until=6)
    rows = directory.metrics.rows()
    assert [row["update"] for row in rows] == list(range(1, 7))
    assert (rows[-1]["seconds"] or 0) >= (seconds or 0)


def test_cpu_time_is_that_of_all_processes_and_goes_on_where_a_run_is_resumed(
    directory: RunDirectory,
):
    class Busy(FakeTrainer):
        """Has worker processes that take half a second of CPU time in each update."""

        def update(self, state):
            after, metrics = super().update(state)
            return after, metrics | {"worker_cpu_seconds": 0.5}

    train(directory, Busy(), until=3)
    train(directory, Busy(), until=6)
    spent = [row["cpu_seconds"] for row in directory.metrics.rows()]
    assert spent == sorted(spent)
    assert 3.0 <= spent[-1] < 6.0


def test_progress_is_reported_and_a_mean_over_no_episodes_is_none(directory: RunDirectory):
    rows: list[Row] = []
    train(directory, FakeTrainer(), until=2, progress=rows.append)
    assert [row["update"] for row in rows] == [1, 2]
    means = [(row["return"], row["success"], row["loss"]) for row in rows]
    assert means == [(None, None, 0.5)] * 2


def test_a_request_to_stop_waits_for_the_update_and_saves(directory: RunDirectory):
    def ask(update: int) -> dict[str, float]:
        if update == 3:
            os.kill(os.getpid(), signal.SIGINT)
        return {}

    outcome = train(directory, FakeTrainer(ask))
    assert (outcome.updates, outcome.interrupted) == (3, True)
    assert updates_kept(directory) == [3]


@pytest.mark.parametrize("error", [BrokenPipeError, OSError(errno.EIO, "terminal closed")])
def test_progress_that_nobody_can_read_stops_and_saves(directory: RunDirectory, error: Any):
    def closed(row: Row) -> None:
        if row["update"] == 5:
            raise error

    outcome = train(directory, FakeTrainer(), progress=closed)
    assert (outcome.updates, outcome.interrupted) == (5, True)
    assert updates_kept(directory) == [5, 4]


def test_a_run_in_a_thread_trains(directory: RunDirectory):
    with ThreadPoolExecutor(1) as pool:
        outcome = pool.submit(train, directory, FakeTrainer()).result()
    assert (outcome.updates, outcome.interrupted) == (10, False)


def test_time_ends_a_run_and_saves_it(directory: RunDirectory):
    assert train(directory, FakeTrainer(), seconds=0.0).updates == 0
    assert updates_kept(directory) == [0]


def test_what_went_first_is_named_and_the_last_good_checkpoint_kept(directory: RunDirectory):
    trainer = FakeTrainer(
        lambda update: {"loss": float("inf"), "gradient_norm": float("nan")} if update > 5 else {}
    )
    with pytest.raises(DivergedError) as error:
        train(directory, trainer)
    said = str(error.value)
    assert "gradient_norm (nan), loss (inf) went first, at update 6" in said
    assert "the last good checkpoint is" in said
    assert "update-000000000004.safetensors" in said
    assert updates_kept(directory) == [4]
    assert directory.metrics.rows()[-1]["update"] == 5


def test_a_return_that_is_not_finite_is_an_error_where_episodes_ended(directory: RunDirectory):
    with pytest.raises(
        DivergedError, match=r"return \(nan\) went first, at update 1; there was no checkpoint yet"
    ):
        train(directory, FakeTrainer(lambda update: {"episodes": 2.0, "return": float("nan")}))


def test_parameters_that_are_not_finite_are_never_saved(directory: RunDirectory):
    class Explosive(FakeTrainer):
        def update(self, state: State) -> tuple[State, dict[str, Any]]:
            state, metrics = super().update(state)
            agent, updates = state.learner.agent, state.learner.updates
            return State(Learner(agent / (8 - updates).astype(float), updates)), metrics

    with pytest.raises(DivergedError, match="is no longer finite at update 8"):
        train(directory, Explosive())
    assert updates_kept(directory) == [4]
