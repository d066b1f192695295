"""Tasks under one contract, and their registry."""

from typing import Any

from engrax.envs.ballet import Ballet
from engrax.envs.base import AbstractEnvironment
from engrax.envs.errands import Errands
from engrax.envs.gymnax import Gymnax
from engrax.envs.hidden_objects import HiddenObjects
from engrax.envs.key_to_door import KeyToDoor
from engrax.envs.latent_tmaze import LatentTMaze
from engrax.envs.memory_game import MemoryGame
from engrax.envs.mixture import Mixture
from engrax.envs.recall import Recall
from engrax.envs.tasting import Tasting
from engrax.envs.tmaze import TMaze
from engrax.envs.visual_match import VisualMatch
from engrax.envs.visuomotor import VisuomotorMapping
from engrax.envs.water_mazes import WaterMazes
from engrax.envs.wayfinding import Wayfinding
from engrax.envs.word_learning import WordLearning

TASKS: dict[str, type[AbstractEnvironment[Any]]] = {
    "ballet": Ballet,
    "errands": Errands,
    "gymnax": Gymnax,
    "hidden_objects": HiddenObjects,
    "key_to_door": KeyToDoor,
    "latent_tmaze": LatentTMaze,
    "memory_game": MemoryGame,
    "mixture": Mixture,
    "recall": Recall,
    "tasting": Tasting,
    "tmaze": TMaze,
    "visual_match": VisualMatch,
    "visuomotor_mapping": VisuomotorMapping,
    "water_mazes": WaterMazes,
    "wayfinding": Wayfinding,
    "word_learning": WordLearning,
}
"""Every task by name. Packages may add tasks, for configs and the command line."""

__all__ = [
    "TASKS",
    "AbstractEnvironment",
    "Ballet",
    "Errands",
    "Gymnax",
    "HiddenObjects",
    "KeyToDoor",
    "LatentTMaze",
    "MemoryGame",
    "Mixture",
    "Recall",
    "TMaze",
    "Tasting",
    "VisualMatch",
    "VisuomotorMapping",
    "WaterMazes",
    "Wayfinding",
    "WordLearning",
]
