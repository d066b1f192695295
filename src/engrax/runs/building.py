"""From the names of presets and run directories to experiments and what they build.

What cannot be found or built is an error of its user, in one line.
"""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import equinox as eqx
import jax

from engrax.agents import AbstractAgent
from engrax.envs import Gymnax, Mixture
from engrax.errors import ConfigError, RunError, UserError, show
from engrax.experiments.annotations import KIND
from engrax.experiments.codec import decode, encode
from engrax.experiments.config import Experiment, Task
from engrax.experiments.levels import levels_of
from engrax.experiments.presets import PRESETS
from engrax.experiments.presets.gymnasium import (
    GYMNAX,
    PREFIX,
    gymnasium_experiment,
    gymnax_experiment,
)
from engrax.experiments.registries import imports_of, kind_of
from engrax.experiments.settings import override
from engrax.gym.host import AbstractHostTask
from engrax.gym.task import GymnasiumTask
from engrax.runs import checkpoint
from engrax.runs.backend import backend_errors
from engrax.runs.directory import RunDirectory, counters
from engrax.runs.listing import suggest_preset
from engrax.runs.storage import machine_memory
from engrax.runtime import Trainer

_Shape = jax.ShapeDtypeStruct

_RESOLVED = {"max_steps": "step_limit", "dances": "repertoire"}
"""Settings of tasks that may be None, and the properties that say what they then stand for."""


class Trained(NamedTuple):
    """An agent with its weights, the experiment that trained it, and for how long.

    Attributes:
        experiment: what the run directory holds.
        environment: the task to play: the experiment's own, or another one asked for.
        agent: with its weights.
        updates: updates that it was trained for.
        environment_steps: steps of all streams that it was trained on.
    """

    experiment: Experiment
    environment: Task
    agent: AbstractAgent[Any]
    updates: int
    environment_steps: int


def experiment_named(name: str, settings: Mapping[str, str] | None = None) -> Experiment:
    """The experiment that a name stands for: the only place where a name becomes an experiment.

    Args:
        name: of a preset, or `gymnasium:ID` or `gymnax:ID` for an environment of these.
        settings: values to change, as typed, by dotted names; see `override`.

    Raises:
        ConfigError: there is no such preset or environment, or a setting is not known or does not
            fit.
    """
    return with_task_settled(override(find_preset(name), dict(settings or {})))


def with_task_settled(experiment: Experiment) -> Experiment:
    """The experiment with all that has to be found out about a task that runs in Python."""
    if not isinstance(experiment.task, AbstractHostTask):
        return experiment
    with building():
        return replace(experiment, task=experiment.task.settled())


def find_preset(name: str) -> Experiment:
    """The preset of a name, or the defaults for `gymnasium:ID` and `gymnax:ID`.

    Raises:
        ConfigError: there is none.
    """
    if name in (PREFIX, GYMNAX):
        raise ConfigError(f"{name} names no environment: give its id, such as {name}CartPole-v1")
    if name.startswith(PREFIX):
        return gymnasium_experiment(GymnasiumTask(name.removeprefix(PREFIX)))
    if name.startswith(GYMNAX):
        return gymnax_experiment(Gymnax(name.removeprefix(GYMNAX)))
    if name not in PRESETS:
        raise ConfigError(f"unknown preset {show(name)}; {suggest_preset(name)}")
    return PRESETS[name]


def updates_of(experiment: Experiment, steps: int) -> int:
    """The updates in which an experiment makes so many environment steps, rounded up."""
    return -(-steps // (experiment.streams * experiment.segment_length))


def experiment_of(directory: RunDirectory) -> Experiment:
    """The experiment of a run directory; raises `ConfigError` where its config does not fit."""
    path = directory.path / "config.json"
    missing: list[str] = []
    try:
        missing = [name for name in imports_of(directory.config) if name not in sys.modules]
        return decode(Experiment, directory.config["experiment"])
    except ConfigError as error:
        # A config is only data: it says which packages it needs, and its user imports them.
        way_out = f"; this run needs --import {','.join(missing)}" if missing else ""
        raise ConfigError(f"{path}: {error}{way_out}") from error


@contextmanager
def building() -> Iterator[None]:
    """Turns errors of code that builds what a config asks for into a `ConfigError`."""
    try:
        with backend_errors():
            yield
    except UserError:
        raise
    except (
        ValueError,
        LookupError,
        ArithmeticError,
        MemoryError,
        jax.errors.JaxRuntimeError,
    ) as error:
        reason = str(error).strip().partition("\n")[0]
        raise ConfigError(
            f"this experiment cannot be built: {type(error).__name__}: {reason}; check the "
            "settings that were changed (ENGRAX_DEBUG=1 shows where it failed)"
        ) from error


def build_trainer(experiment: Experiment) -> tuple[Trainer, Any]:
    """The trainer of an experiment; in a pure world tried out on shapes before memory is taken.

    Args:
        experiment: what to train.

    Returns:
        The trainer, and the shapes of what a checkpoint holds of its state.

    Raises:
        ConfigError: its settings do not go together, or its state does not fit into this machine.
    """
    with building():
        shapes = eqx.filter_eval_shape(lambda: experiment.build().shadow().init())
        _check_fits(shapes)
        trainer = experiment.build()
        trainer.shadow().try_out(shapes)
    return trainer, shapes


def load_trained(directory: RunDirectory | Path | str, task: Task | None = None) -> Trained:
    """The agent of a run, with the task it was trained on or another, see `task_with`.

    Args:
        directory: a run or a published result, or its path.
        task: what to play; what it was trained on if not given.

    Returns:
        What was trained; `environment` is that of the task.

    Raises:
        RunError: it is not a run directory, or there are no weights yet.
        CheckpointError: the weights are damaged, or of another agent.
        ConfigError: the config does not fit.
        OSError: the weights cannot be read.
    """
    directory = opened(directory)
    if not directory.weights.exists():
        raise RunError(f"{directory.path} has no weights yet: they come with the first checkpoint")
    experiment = experiment_of(directory)
    with building():
        environment = experiment.task if task is None else task
        interface = experiment.task.interface
        # Shapes are enough, as the weights are loaded; drawing them again would take longer.
        shapes = eqx.filter_eval_shape(
            lambda key: experiment.build_agent(interface, key), jax.random.key(0)
        )
    contents = checkpoint.load(directory.weights)
    agent = checkpoint.restore_weights(contents, shapes, directory.weights)
    counted = counters(contents, directory.weights)
    return Trained(experiment, environment, agent, *counted)


def opened(directory: RunDirectory | Path | str) -> RunDirectory:
    """A run directory, opened if it is given as a path; see `RunDirectory.open`."""
    return directory if isinstance(directory, RunDirectory) else RunDirectory.open(directory)


def describe_task(task: Task) -> dict[str, Any]:
    """A task's id and all its settings, as plain JSON; those of None as the task resolves them."""
    settings = encode(task)
    for name, resolved in _RESOLVED.items():
        if name in settings and settings[name] is None:
            settings[name] = encode(getattr(task, resolved, None))
    return {"id": settings.pop(KIND), **settings}


def memory_kind(experiment: Experiment) -> str:
    """The registry name of an agent's memory, or what an agent without that setting holds."""
    memory = getattr(experiment.agent, "memory", None)
    return experiment.agent.held if memory is None else kind_of(memory)


def agent_name(experiment: Experiment) -> str:
    """What to call an agent in titles: by its memory if that is a setting of its own, else by its
    kind.
    """
    agent = experiment.agent
    return memory_kind(experiment) if hasattr(agent, "memory") else kind_of(agent)


def task_name(task: Task) -> str:
    """The kind of a task; of a mixture the kinds of its levels."""
    levels = task.levels if isinstance(task, Mixture) else (task,)
    return " and ".join(sorted({kind_of(level) for level in levels}))


def task_with(experiment: Experiment, settings: Mapping[str, str]) -> Task:
    """The task of an experiment, or the first level of a mixture, with some settings changed.

    Args:
        experiment: the agent's.
        settings: values as typed, by the names of the task's settings; see `override`.

    Raises:
        ConfigError: a setting is not known or does not fit, or the agent could not play this.
    """
    level = next(iter(levels_of(experiment.task).values()))
    changes = {f"task.{name}": text for name, text in settings.items()}
    task = override(replace(experiment, task=level), changes).task
    if (difference := level.interface.difference(task.interface)) is not None:
        raise ConfigError(
            f"the agent could not play this task: {difference}; choose settings that change "
            "neither observations nor actions"
        )
    return task


def _check_fits(shapes: Any) -> None:
    leaves = [leaf for leaf in jax.tree.leaves(shapes) if isinstance(leaf, _Shape)]
    needed = sum(leaf.size * leaf.dtype.itemsize for leaf in leaves)
    there = machine_memory()
    if needed > there:
        raise ConfigError(
            f"this experiment's state takes {needed / 1e9:,.1f} GB of this machine's "
            f"{there / 1e9:,.1f} GB of memory: choose fewer streams, or a smaller memory or agent"
        )
