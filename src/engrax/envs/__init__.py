"""Tasks under one contract, and their registry."""

from typing import Any

from engrax.envs.ballet import Ballet
from engrax.envs.base import AbstractEnvironment
from engrax.envs.gymnax import Gymnax
from engrax.envs.hidden_objects import HiddenObjects
from engrax.envs.key_to_door import KeyToDoor
from engrax.envs.memory_game import MemoryGame
from engrax.envs.mixture import Mixture
from engrax.envs.recall import Recall
from engrax.envs.tmaze import TMaze
from engrax.envs.visual_match import VisualMatch
from engrax.envs.word_learning import WordLearning

TASKS: dict[str, type[AbstractEnvironment[Any]]] = {
    "ballet": Ballet,
    "gymnax": Gymnax,
    "hidden_objects": HiddenObjects,
    "key_to_door": KeyToDoor,
    "memory_game": MemoryGame,
    "mixture": Mixture,
    "recall": Recall,
    "tmaze": TMaze,
    "visual_match": VisualMatch,
    "word_learning": WordLearning,
}
"""Every task by name. Packages may add tasks, for configs and the command line."""

__all__ = [
    "TASKS",
    "AbstractEnvironment",
    "Ballet",
    "Gymnax",
    "HiddenObjects",
    "KeyToDoor",
    "MemoryGame",
    "Mixture",
    "Recall",
    "TMaze",
    "VisualMatch",
    "WordLearning",
]
