"""Makes Gymnasium know engrax's environments, without anyone importing engrax.

Gymnasium loads no plugins since version 1.0, so an entry point has no effect. The line in
`engrax_gymnasium.pth`, which Python runs at start-up, calls `wait_for_gymnasium` instead
(docs/decisions/0002). Where no such file is read, `import engrax` calls it. Nothing here imports
more than the import system itself.
"""

import sys
from collections.abc import Mapping, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType
from typing import Any, NamedTuple

REGISTRY = "gymnasium.envs.registration"
CLASSIC = "gymnasium.envs.classic_control"


class Registered(NamedTuple):
    """How an environment is registered.

    Attributes:
        entry_point: where the class or the function is; it is imported when one is made.
        kwargs: its keyword arguments.
        max_episode_steps: the time limit that Gymnasium adds, if any.
        kept: the entries of its vector that are shown; empty shows all.
    """

    entry_point: str
    kwargs: Mapping[str, Any] = {}
    max_episode_steps: int | None = None
    kept: tuple[int, ...] = ()


EXPORTED = "engrax.gym.export:exported"
ENVIRONMENTS = {
    "engrax/Ballet-v0": Registered("engrax.gym.ballet:GymnasiumBallet"),
    "engrax/MemoryGame-v0": Registered(EXPORTED, {"task": "memory_game", "view": "pixels"}),
    "engrax/Errands-v0": Registered(EXPORTED, {"task": "errands"}),
    "engrax/HiddenObjects-v0": Registered(EXPORTED, {"task": "hidden_objects"}),
    "engrax/KeyToDoor-v0": Registered(EXPORTED, {"task": "key_to_door"}),
    "engrax/LatentTMaze-v0": Registered(EXPORTED, {"task": "latent_tmaze"}),
    "engrax/Recall-v0": Registered(EXPORTED, {"task": "recall"}),
    "engrax/TMaze-v0": Registered(EXPORTED, {"task": "tmaze"}),
    "engrax/Tasting-v0": Registered(EXPORTED, {"task": "tasting"}),
    "engrax/VisualMatch-v0": Registered(EXPORTED, {"task": "visual_match"}),
    "engrax/VisuomotorMapping-v0": Registered(EXPORTED, {"task": "visuomotor_mapping"}),
    "engrax/WaterMazes-v0": Registered(EXPORTED, {"task": "water_mazes"}),
    "engrax/Wayfinding-v0": Registered(EXPORTED, {"task": "wayfinding"}),
    "engrax/WordLearning-v0": Registered(EXPORTED, {"task": "word_learning"}),
    "engrax/CartPoleHidden-v0": Registered(f"{CLASSIC}.cartpole:CartPoleEnv", {}, 500, (0, 2)),
    "engrax/PendulumHidden-v0": Registered(f"{CLASSIC}.pendulum:PendulumEnv", {}, 200, (0, 1)),
}
"""Gymnasium's ids, and how they are registered."""


def register(registry: ModuleType) -> None:
    """Adds every environment to Gymnasium's registry. Doing so again changes nothing."""
    for name, one in ENVIRONMENTS.items():
        if name not in registry.registry:
            registry.register(
                name,
                one.entry_point,
                kwargs=dict(one.kwargs),
                max_episode_steps=one.max_episode_steps,
                additional_wrappers=_wrappers(registry, one.kept),
            )


def _wrappers(registry: ModuleType, kept: tuple[int, ...]) -> tuple[Any, ...]:
    if not kept:
        return ()
    return (registry.WrapperSpec("KeptEntries", "engrax.gym.hidden:KeptEntries", {"kept": kept}),)


def wait_for_gymnasium() -> None:
    """Registers the environments now if Gymnasium is imported already, else as soon as it is."""
    if REGISTRY in sys.modules:
        register(sys.modules[REGISTRY])
    elif not any(isinstance(finder, _Waiting) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Waiting())


class _Waiting(MetaPathFinder):
    """Lets every import pass; on that of Gymnasium's registry, removes itself and registers."""

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
