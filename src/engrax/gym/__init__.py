"""Gymnasium: environments of others as streams, and tasks of engrax as environments.

Nothing is imported before it is asked for: Python loads this package at start-up (see
`engrax.gym.registration`).
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from engrax.gym.export import ExportedTask
    from engrax.gym.host import HostEnvironments
    from engrax.gym.making import host_environments
    from engrax.gym.readings import ObservationOptions
    from engrax.gym.spaces import interface_of
    from engrax.gym.task import GymnasiumTask

_MODULES = {
    "ExportedTask": "export",
    "GymnasiumTask": "task",
    "HostEnvironments": "host",
    "ObservationOptions": "readings",
    "host_environments": "making",
    "interface_of": "spaces",
}

__all__ = [
    "ExportedTask",
    "GymnasiumTask",
    "HostEnvironments",
    "ObservationOptions",
    "host_environments",
    "interface_of",
]


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
