"""Makes Gymnasium know engrax's environments, without anyone importing engrax.

Gymnasium loads no plugins since version 1.0, so an entry point has no effect. The line in `engrax_gymnasium.pth`, which
Python runs at start-up, calls `wait_for_gymnasium` instead (docs/decisions/0002). Nothing here imports more than the
import system itself.
"""

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType

REGISTRY = "gymnasium.envs.registration"
ENVIRONMENTS = {
    "engrax/Ballet-v0": "engrax.envs.ballet.gymnasium_env:GymnasiumBallet",
    "engrax/MemoryGame-v0": "engrax.envs.memory_game.gymnasium_env:GymnasiumMemoryGame",
}
"""Gymnasium's ids, and where the classes are; they are imported when one is made."""


def register(registry: ModuleType) -> None:
    """Adds every environment to Gymnasium's registry. Doing so again changes nothing."""
    for name, entry_point in ENVIRONMENTS.items():
        if name not in registry.registry:
            registry.register(name, entry_point)


def wait_for_gymnasium() -> None:
    """Registers the environments now if Gymnasium is imported already, else as soon as it is."""
    if REGISTRY in sys.modules:
        register(sys.modules[REGISTRY])
    elif not any(isinstance(finder, _Waiting) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Waiting())


class _Waiting(MetaPathFinder):
    """Lets every import through; on that of Gymnasium's registry, leaves and sees to the registration."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != REGISTRY:
            return None
        sys.meta_path.remove(self)
        spec = find_spec(fullname)
        if spec is None or spec.loader is None:
            return None
        execute = spec.loader.exec_module

        def execute_and_register(module: ModuleType) -> None:
            execute(module)
            register(module)

        spec.loader.exec_module = execute_and_register
        return spec
