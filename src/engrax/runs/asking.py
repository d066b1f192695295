"""From whatever names, makes or is an environment to an experiment that trains on it."""

import json
from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

import gymnasium
from gymnasium import Env
from gymnasium.vector import VectorEnv

from engrax.envs import AbstractEnvironment, Gymnax
from engrax.errors import ConfigError
from engrax.experiments.config import Experiment
from engrax.experiments.presets.gymnasium import gymnasium_experiment, gymnax_experiment
from engrax.experiments.settings import override
from engrax.gym.finding import name_of
from engrax.gym.host import AbstractHostTask
from engrax.gym.task import GymnasiumTask
from engrax.memory import AbstractMemorySizes
from engrax.runs.building import experiment_named, updates_of, with_task_settled


def experiment_for(
    source: object,
    *,
    memory: str | AbstractMemorySizes | None = None,
    steps: int | float | None = None,
    settings: Mapping[str, str] | None = None,
) -> Experiment:
    """The experiment that trains on something.

    Args:
        source: what to train on: an experiment, the name of a preset, `gymnasium:ID` or
            `gymnax:ID`, a task of engrax, an environment of Gymnasium, or a function that makes
            one, or with a parameter `num_envs` a vector environment.
        memory: another memory, by its name or as its settings.
        steps: environment steps in all, rounded up to an update; those of the experiment if not
            given.
        settings: of the experiment, as typed: `{"learner.discount": "0.95"}`.

    Raises:
        ConfigError: none can be made of it, or a setting is not known or does not fit.
    """
    settings = dict(settings or {})
    if isinstance(memory, str):
        settings = {"memory": memory} | settings
    if isinstance(source, str):
        experiment = experiment_named(source, settings)
    else:
        experiment = override(_plain(source), settings) if settings else _plain(source)
        experiment = with_task_settled(experiment)
    if isinstance(memory, AbstractMemorySizes):
        experiment = _with_memory(experiment, memory)
    if steps is None:
        return experiment
    if steps < 1:
        raise ConfigError(f"steps is {steps}, expected at least 1")
    return replace(experiment, updates=updates_of(experiment, int(steps)))


def _plain(source: Any) -> Experiment:
    """The defaults for what is to be trained on."""
    if isinstance(source, Experiment):
        return source
    if isinstance(source, Gymnax):
        return gymnax_experiment(source)
    if isinstance(source, AbstractEnvironment):
        return Experiment(task=source)
    if isinstance(source, AbstractHostTask):
        return gymnasium_experiment(source)
    if isinstance(source, VectorEnv):
        raise ConfigError(
            f"{type(source).__name__} is a vector environment, which cannot be made again to "
            "evaluate or resume: give a function with a parameter num_envs that makes one"
        )
    if isinstance(source, Env):
        return gymnasium_experiment(_task_of(source))
    if callable(source):
        return gymnasium_experiment(GymnasiumTask(name_of(source)))
    raise ConfigError(
        f"{source!r} cannot be trained on: give a preset, gymnasium:ID, an environment, or a "
        "function that makes one, or with a parameter num_envs a vector environment"
    )


def _task_of(env: Env[Any, Any]) -> GymnasiumTask:
    """The task of environments like one: by its id and arguments, as others are made for streams.

    Raises:
        ConfigError: it has no id, or is wrapped in what its id does not make.
    """
    spec = env.spec
    way_out = "give a function that makes the environment"
    if spec is None:
        raise ConfigError(f"{env} has no id (env.spec is None), so no other can be made: {way_out}")
    made = gymnasium.registry.get(spec.id)
    own = () if made is None else made.additional_wrappers
    if spec.additional_wrappers != own:
        names = ", ".join(one.name for one in spec.additional_wrappers if one not in own)
        raise ConfigError(f"{spec.id} is wrapped in {names}, which its id does not make: {way_out}")
    try:
        return GymnasiumTask(spec.id, json.dumps(spec.kwargs))
    except TypeError as problem:
        raise ConfigError(f"{spec.id}: its arguments cannot be saved ({problem}): {way_out}") from (
            problem
        )


def _with_memory(experiment: Experiment, memory: AbstractMemorySizes) -> Experiment:
    if "memory" not in {field.name for field in fields(experiment.agent)}:
        name = type(experiment.agent).__name__
        raise ConfigError(f"{name} has no setting `memory`: choose an agent that takes any memory")
    return replace(experiment, agent=replace(experiment.agent, memory=memory))
