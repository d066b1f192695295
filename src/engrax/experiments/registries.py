"""The open registries that a config's `kind` refers to, and the packages that add to them."""

import importlib
from collections.abc import Iterable, Mapping
from typing import Any

from engrax.agents import AGENTS, AbstractAgentSizes
from engrax.algorithms import LEARNERS, AbstractLearner
from engrax.envs import TASKS, AbstractEnvironment
from engrax.errors import ConfigError, show
from engrax.gym.host import AbstractHostTask
from engrax.gym.task import GymnasiumTask
from engrax.memory import MEMORIES, AbstractMemorySizes

HOST_TASKS: dict[str, type] = {"gymnasium": GymnasiumTask}
"""Settings of tasks that run in Python, by name; those in JAX are in `TASKS`. It is open."""

REGISTRIES: dict[type, Mapping[str, type]] = {
    AbstractEnvironment: TASKS,
    AbstractHostTask: HOST_TASKS,
    AbstractAgentSizes: AGENTS,
    AbstractMemorySizes: MEMORIES,
    AbstractLearner: LEARNERS,
}
"""The registry of each base class: its settings are written with their name there, as `kind`."""


def kind_of(settings: object) -> str:
    """The name under which the class of some settings is registered.

    Args:
        settings: a task, or the settings of an agent, memory or learner.

    Raises:
        ConfigError: the class is in no registry.
    """
    for names in REGISTRIES.values():
        if found := name_in(names, settings):
            return found
    raise ConfigError(
        f"{type(settings).__name__} is in no registry: add the class under a name of its own to "
        "TASKS, HOST_TASKS, AGENTS, MEMORIES or LEARNERS"
    )


def name_in(registry: Mapping[str, type], settings: object) -> str | None:
    """The name of the class of some settings in a registry; None if it is not there."""
    return next(
        (name for name, registered in registry.items() if registered is type(settings)), None
    )


_IMPORTED: dict[str, None] = {}
"""Packages that were imported by name, in order."""


def imported_packages() -> tuple[str, ...]:
    """The packages that `import_packages` has imported in this process; runs record them."""
    return tuple(_IMPORTED)


def import_packages(names: Iterable[str]) -> None:
    """Imports packages, which add their classes to the registries.

    Args:
        names: of Python packages or modules; one that is imported already is left as it is.

    Raises:
        ConfigError: one cannot be imported.
    """
    for name in names:
        if not all(part.isidentifier() for part in name.split(".")):
            raise ConfigError(
                f"--import {show(name)}: expected a package's name, such as my_package"
            )
        try:
            importlib.import_module(name)
        except ModuleNotFoundError as error:
            way_out = "install it, or add its folder to PYTHONPATH"
            raise ConfigError(
                f"--import {name}: there is no module {show(error.name)}; {way_out}"
            ) from error
        except Exception as error:
            reason = str(error).strip().partition("\n")[0]
            said = f"{type(error).__name__}: {reason}"
            raise ConfigError(f"--import {name}: the package cannot be imported: {said}") from error
        _IMPORTED[name] = None


def imports_of(config: Mapping[str, Any]) -> tuple[str, ...]:
    """The packages that a `config.json` names under `imports`.

    Raises:
        ConfigError: it is no list of names.
    """
    names = config.get("imports", [])
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ConfigError(f"imports: expected a list of packages, got {show(names)}")
    return tuple(names)
