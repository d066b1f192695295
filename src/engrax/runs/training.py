"""Training runs: new ones, those that start from another's weights, and those that are resumed."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from engrax.errors import ConfigError, UserError, show
from engrax.experiments.config import Experiment
from engrax.gym.host import AbstractHostTask
from engrax.memory import AbstractMemorySizes
from engrax.runs import loop
from engrax.runs.actors import RayActors, check_actors
from engrax.runs.asking import experiment_for
from engrax.runs.building import build_trainer, experiment_of, opened
from engrax.runs.devices import check_processes, offer_devices, settled
from engrax.runs.directory import RunDirectory, updates_made
from engrax.runs.hosts import all_or_none, is_first, only_first, several
from engrax.runs.log import warn as log_warning
from engrax.runs.loop import Outcome, Progress, Trains, ignore
from engrax.runs.naming import new_path
from engrax.runs.wandb_log import check_installed
from engrax.runs.warm_start import learnt, started_from
from engrax.runtime.apart import ApartTrainer

Warn = Callable[[str], object]


class Job(NamedTuple):
    """A run that is ready to train, and held by this process.

    Attributes:
        trainer: of the experiment.
        state: where to go on from.
        directory: of the run.
        experiment: says how far to go.
        restored: updates made at the checkpoint it goes on from; None where there is none.
        logged: the last update in its metrics as they were found.
    """

    trainer: Trains
    state: Any
    directory: RunDirectory
    experiment: Experiment
    restored: int | None
    logged: int

    @property
    def notes(self) -> tuple[str, ...]:
        """What was decided about how the task's observations are read and its environments are
        stepped, one line each.
        """
        host = isinstance(self.experiment.task, AbstractHostTask)
        return self.state.streams.world.notes if host and self.state.streams is not None else ()

    def run(
        self, progress: Progress = ignore, until: int | None = None, seconds: float = math.inf
    ) -> Outcome:
        """Trains, once: the job's state is used up.

        Args:
            progress: see `loop.run`.
            until: total updates to stop after; the experiment's own number if not given.
            seconds: time to stop after.

        Returns:
            How it ended; see `loop.run` for errors.
        """
        with _acting(self.trainer):
            return loop.run(
                self.trainer,
                self.state,
                self.directory,
                until=self.experiment.updates if until is None else until,
                checkpoint_every=self.experiment.checkpoint_every,
                progress=progress,
                seconds=seconds,
            )


@contextmanager
def new_run(
    experiment: Experiment,
    path: Path | None = None,
    *,
    preset: str,
    command: Sequence[str] = (),
    source: RunDirectory | Path | None = None,
    log: str | None = None,
    warn: Warn = log_warning,
    ray_address: str | None = None,
) -> Iterator[Job]:
    """Makes a run directory, and holds it.

    Args:
        experiment: what to train.
        path: where; it must be empty, or not exist. `runs/PRESET-TIME` if not given.
        preset: the name that the experiment goes by.
        command: the command line, for the record.
        source: a run or a published result to take parameters from, and the optimiser where it
            is kept; they are saved at once, so that the run can be resumed without it.
        log: where to log beside the run directory: "wandb", or nowhere.
        warn: called with one line for whatever of the source was passed over.
        ray_address: of the cluster of the actors, where it has some.

    Yields:
        The job.

    Raises:
        ConfigError: the experiment cannot be built.
        RunError: the directory is not empty, or the source has nothing to take.
        CheckpointError: the source's parameters are damaged, or not those of such an agent.
        OSError: the directory cannot be written.
    """
    _check_log(log)
    experiment = settled(experiment)
    trainer, shapes = _built(experiment, ray_address)
    before = None if source is None else learnt(opened(source), shapes, warn)
    if path is None and several():
        raise UserError("several processes train this run: give them the same --out")
    path = new_path(preset) if path is None else path
    with all_or_none("make the run directory"):
        if is_first():
            RunDirectory.create(
                path,
                experiment,
                preset=preset,
                command=command,
                origin=None if before is None else before.origin,
                log=log,
            )
    directory = RunDirectory.open(path)
    with only_first(directory.exclusive()):
        state = trainer.init()
        if before is not None:
            state = started_from(state, before)
            loop.save(trainer, state, directory)
        yield Job(trainer, state, directory, experiment, None, 0)


@contextmanager
def resumed_run(
    directory: RunDirectory | Path | str,
    updates: int | None = None,
    warn: Warn = log_warning,
    *,
    log: str | None = None,
    ray_address: str | None = None,
) -> Iterator[Job]:
    """Goes back to the newest whole checkpoint of a run, and holds its directory.

    Args:
        directory: of the run, or its path.
        updates: total updates to stop after from now on; as before if not given.
        warn: called with one line for each damaged checkpoint that was passed over.
        log: where to log from now on: "wandb" or "none"; as before if not given.
        ray_address: of the cluster of the actors, where it has some.

    Yields:
        The job; without any checkpoint it starts from the run's config.

    Raises:
        BusyError: another process holds the directory.
        RunError: this is a published result.
        CheckpointError: every checkpoint is damaged, or the newest is of another agent.
        ConfigError: the config does not fit, or cannot be built.
        UserError: more updates were made than asked for, or the run was stopped before it had
            taken over the weights that it was to start from.
    """
    directory = opened(directory)
    _check_log(log or ("wandb" if directory.wandb else None))
    with only_first(directory.exclusive()):
        job = restored_job(directory, updates, warn, ray_address)
        if log is not None and is_first():
            directory.set_log(log)
        yield job


def restored_job(
    directory: RunDirectory,
    updates: int | None = None,
    warn: Warn = log_warning,
    ray_address: str | None = None,
) -> Job:
    """The job of `resumed_run`, for a directory that this process holds already."""
    experiment = experiment_of(directory)
    devices = experiment.placement.devices or 1
    if (available := offer_devices(devices)) < devices:
        warn(
            f"this run has its streams on {devices} devices, but JAX has {available} here: one "
            "computes all shares, and the numbers are the same to rounding only"
        )
    check_processes(devices, available)
    trainer, shapes = _built(experiment, ray_address)
    logged = int((directory.metrics.rows() or [{}])[-1].get("update") or 0)
    with all_or_none("go on from the newest checkpoint"):
        state = (directory.resume if is_first() else directory.newest_state)(shapes, warn)
    _check_taken_over(directory, state)
    restored = None if state is None else updates_made(state)
    if updates is not None:
        _check_target(directory, restored or 0, updates)
        experiment = replace(experiment, updates=updates)
        if is_first():
            directory.set_target(updates)
    state = trainer.init() if state is None else _streams_restored(trainer, state, warn)
    return Job(trainer, state, directory, experiment, restored, logged)


def train(
    task: object,
    out: Path | str | None = None,
    *,
    memory: str | AbstractMemorySizes | None = None,
    steps: int | float | None = None,
    settings: Mapping[str, str] | None = None,
    source: Path | str | None = None,
    log: str | None = None,
    ray_address: str | None = None,
    progress: Progress = ignore,
    seconds: float = math.inf,
) -> Outcome:
    """Trains a new run to its end, as `engrax train` does.

    Args:
        task: what to train on: an environment of Gymnasium, a function that makes one, or with a
            parameter `num_envs` a vector environment, `gymnasium:ID`, a task of engrax, the name of
            a preset, or an experiment.
        out: the run directory, which must be empty or not exist; `runs/NAME-TIME` if not given.
        memory: the agent's memory, by its name or as its settings; that of the experiment, or
            HCAM, if not given.
        steps: environment steps in all; those of the experiment if not given.
        settings: of the experiment, as typed: `{"memory.width": "128"}`.
        source: the directory of a run or a published result to start from.
        log: where to log beside the run directory: "wandb" for Weights & Biases.
        ray_address: of the cluster of the actors, where `placement.actors` asks for some.
        progress: called after every update with its metrics.
        seconds: time to stop after.

    Returns:
        How it ended, and the run directory.

    Raises:
        UserError: see `new_run` and `experiment_for`.
        RunFailedError: training broke off; see `loop.run`.
    """
    preset = task if isinstance(task, str) else "custom"
    experiment = experiment_for(task, memory=memory, steps=steps, settings=settings)
    path, source = (None if each is None else Path(each) for each in (out, source))
    with new_run(
        experiment, path, preset=preset, source=source, log=log, ray_address=ray_address
    ) as job:
        return job.run(progress, seconds=seconds)


def resume(
    directory: RunDirectory | Path | str,
    updates: int | None = None,
    *,
    ray_address: str | None = None,
    progress: Progress = ignore,
    seconds: float = math.inf,
) -> Outcome:
    """Goes on with a run as if it had never stopped, as `engrax resume` does.

    Args:
        directory: of the run, or its path.
        updates: total updates to stop after; as before if not given.
        ray_address: of the cluster of the actors, where it has some.
        progress: called after every update with its metrics.
        seconds: time to stop after.

    Returns:
        How it ended.

    Raises:
        UserError: see `resumed_run`.
        RunFailedError: training broke off; see `loop.run`.
    """
    with resumed_run(directory, updates, ray_address=ray_address) as job:
        return job.run(progress, seconds=seconds)


def _built(experiment: Experiment, ray_address: str | None) -> tuple[Any, Any]:
    """The trainer of an experiment, with its actors where it has some, and the shapes of what a
    checkpoint holds of its state.
    """
    if experiment.placement.actors is None:
        return build_trainer(experiment)
    check_actors(experiment)
    trainer, shapes = build_trainer(experiment)
    actors = RayActors(experiment, ray_address)
    return ApartTrainer(trainer, actors), shapes._replace(streams=None)


def _acting(trainer: Trains) -> AbstractContextManager[object]:
    """What is there while a trainer trains: its actors, where it has some."""
    actors = trainer.actors if isinstance(trainer, ApartTrainer) else None
    return actors if isinstance(actors, RayActors) else nullcontext()


def _check_log(log: str | None) -> None:
    if log not in (None, "none", "wandb"):
        raise ConfigError(f"log is {show(log)}, expected wandb or none")
    if log == "wandb":
        check_installed()


def _streams_restored(trainer: Any, saved: Any, warn: Warn) -> Any:
    """The state to go on from; says so where episodes of a host world could not be brought back."""
    state, lost = trainer.restored(saved)
    if lost:
        warn(
            f"{lost} of {trainer.streams} streams open a new episode: their environments did not "
            "repeat theirs"
        )
    return state


def _check_taken_over(directory: RunDirectory, state: Any) -> None:
    if state is None and directory.origin is not None:
        raise UserError(
            f"{directory.path} was stopped before it had taken over what "
            f"{directory.origin.get('directory')} had learnt; delete it and train again"
        )


def _check_target(directory: RunDirectory, made: int, updates: int) -> None:
    if updates < made:
        raise UserError(
            f"{directory.path} has made {made} updates already; --updates counts all: give {made} "
            "or more"
        )
