"""What there is: memories, agents, tasks and presets by name, and presets in one line each."""

import re
from typing import NamedTuple

from engrax.agents import AGENTS
from engrax.envs import TASKS
from engrax.errors import suggest
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
    if re.fullmatch(r"[\w.:/-]+-v\d+", name):
        return f"gymnasium:{name} trains on the environment of Gymnasium with this id"
    alike = [preset for preset in PRESETS if name and name in preset]
    more = f" and {len(alike) - _MOST} more" if len(alike) > _MOST else ""
    names = f"presets with that in their name: {', '.join(alike[:_MOST])}{more}; see `engrax list`"
    return suggest(name, PRESETS, names if alike else "`engrax list` describes all presets")
