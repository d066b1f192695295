"""What there is: memories, agents, tasks and presets by name, and presets in one line each."""

import difflib
from typing import Any, NamedTuple

from engrax.experiments.annotations import kinds
from engrax.experiments.codec import encode
from engrax.experiments.config import Agent, Experiment
from engrax.experiments.memories import Memory
from engrax.experiments.presets import PRESETS
from engrax.experiments.tasks import Task

_MOST = 4


class Names(NamedTuple):
    """The names of all there is.

    Attributes:
        memories: values of `--memory`.
        agents: values of `--agent`.
        tasks: values of `--task`.
        presets: what `engrax train` takes.
    """

    memories: list[str]
    agents: list[str]
    tasks: list[str]
    presets: list[str]


class PresetLine(NamedTuple):
    """A preset in one line: its name, and what it trains on what."""

    name: str
    description: str


def names() -> Names:
    """All names, sorted; presets in the order in which they are declared."""
    memories, agents, tasks = (sorted(kinds(annotation)) for annotation in (Memory, Agent, Task))
    return Names(memories, agents, tasks, list(PRESETS))


def presets_by_task() -> dict[str, list[PresetLine]]:
    """All presets with their descriptions, under the name of the task that they play."""
    found: dict[str, list[PresetLine]] = {}
    for name, experiment in PRESETS.items():
        found.setdefault(experiment.task.kind, []).append(PresetLine(name, describe(experiment)))
    return found


def describe(experiment: Experiment) -> str:
    """An experiment in a few words: memory, agent, learner, steps, and what the task is set to."""
    steps = experiment.updates * experiment.streams * experiment.segment_length
    kinds_of = (experiment.memory.kind, experiment.agent.kind, experiment.learner.kind)
    return "; ".join([", ".join(kinds_of), f"{_rounded(steps)} steps", *_settings(experiment.task)])


def suggest_preset(name: str) -> str:
    """The way out of a name that is no preset's: the nearest, or those that contain it."""
    if near := difflib.get_close_matches(name, PRESETS, n=3):
        return f"did you mean {' or '.join(near)}?"
    alike = [preset for preset in PRESETS if name and name in preset]
    if not alike:
        return "`engrax list` describes all presets"
    more = f" or {len(alike) - _MOST} more" if len(alike) > _MOST else ""
    return f"presets with that in their name: {', '.join(alike[:_MOST])}{more}; see `engrax list`"


def _settings(task: Any) -> list[str]:
    """What of a task's settings is not its default."""
    settings, default = encode(task), encode(type(task)())
    if "levels" in settings:
        return [f"{len(settings['levels'])} levels at once"]
    changed = {name: value for name, value in settings.items() if value != default[name]}
    return [", ".join(f"{name} {_value(value)}" for name, value in changed.items())] if changed else []


def _value(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value).lower()


def _rounded(steps: int) -> str:
    for size, unit in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
        if steps >= size:
            return f"{steps / size:.3g} {unit}"
    return str(steps)
