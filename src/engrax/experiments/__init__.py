"""Everything that defines a run: its config as a frozen dataclass and as JSON, and the presets."""

from engrax.experiments.config import Experiment
from engrax.experiments.levels import levels_of
from engrax.experiments.registries import REGISTRIES, import_packages, kind_of

__all__ = ["REGISTRIES", "Experiment", "import_packages", "kind_of", "levels_of"]
