"""Tasks under one contract, and their registry."""

from collections.abc import Callable
from typing import Any

from engrax.envs.ballet import Ballet
from engrax.envs.base import AbstractEnvironment
from engrax.envs.memory_game import MemoryGame
from engrax.envs.mixture import Mixture
from engrax.envs.recall import Recall

TASKS: dict[str, Callable[..., AbstractEnvironment[Any]]] = {
    "ballet": Ballet,
    "memory_game": MemoryGame,
    "recall": Recall,
}
"""Every task by name: `TASKS[name](...)` makes one."""

__all__ = ["TASKS", "AbstractEnvironment", "Ballet", "MemoryGame", "Mixture", "Recall"]
