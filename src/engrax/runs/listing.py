"""What there is: memories, agents, tasks and presets by name, and presets in one line each."""

import difflib
from typing import NamedTuple

from engrax.agents import AGENTS
from engrax.envs import TASKS
from engrax.experiments.presets import DESCRIPTIONS, PRESETS
from engrax.experiments.registries import HOST_TASKS, kind_of
from engrax.memory import MEMORIES

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
    """A preset in one line: its name, what it trains on what, and how long that takes."""

    name: str
    description: str
    steps: int


def names() -> Names:
    """All names, sorted; presets in the order in which they are declared."""
    return Names(sorted(MEMORIES), sorted(AGENTS), sorted({*TASKS, *HOST_TASKS}), list(PRESETS))


def presets_by_task() -> dict[str, list[PresetLine]]:
    """All presets with their descriptions, under the name of the task that they play."""
    found: dict[str, list[PresetLine]] = {}
    for name, experiment in PRESETS.items():
        steps = experiment.updates * experiment.streams * experiment.segment_length
        line = PresetLine(name, DESCRIPTIONS.get(name, ""), steps)
        found.setdefault(kind_of(experiment.task), []).append(line)
    return found


def suggest_preset(name: str) -> str:
    """The way out of a name that is no preset's: the nearest, or those that contain it."""
    if near := difflib.get_close_matches(name, PRESETS, n=3):
        return f"did you mean {' or '.join(near)}?"
    alike = [preset for preset in PRESETS if name and name in preset]
    if not alike:
        return "`engrax list` describes all presets"
    more = f" and {len(alike) - _MOST} more" if len(alike) > _MOST else ""
    return f"presets with that in their name: {', '.join(alike[:_MOST])}{more}; see `engrax list`"
