"""Gymnasium: environments of others as streams, and tasks of engrax as environments.

Nothing is imported before it is asked for: Python loads this package at start-up (see
`engrax.gym.registration`).
"""

from typing import TYPE_CHECKING

from engrax._lazy import offered

if TYPE_CHECKING:
    from engrax.gym.export import ExportedTask
    from engrax.gym.host import HostEnvironments
    from engrax.gym.making import host_environments
    from engrax.gym.readings import ObservationOptions
    from engrax.gym.spaces import interface_of
    from engrax.gym.task import GymnasiumTask

_HOMES = {
    "ExportedTask": "engrax.gym.export",
    "GymnasiumTask": "engrax.gym.task",
    "HostEnvironments": "engrax.gym.host",
    "ObservationOptions": "engrax.gym.readings",
    "host_environments": "engrax.gym.making",
    "interface_of": "engrax.gym.spaces",
}

__all__ = [
    "ExportedTask",
    "GymnasiumTask",
    "HostEnvironments",
    "ObservationOptions",
    "host_environments",
    "interface_of",
]


__getattr__ = offered(__name__, _HOMES)
