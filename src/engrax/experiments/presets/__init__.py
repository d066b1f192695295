"""The presets: published experiments, sizes that a laptop can train, and some to try things out.

`-paper` presets have the paper's sizes as best known; the others are ours: small, and mostly on
symbols.
"""

from engrax.experiments.config import Experiment
from engrax.experiments.presets import (
    ballet,
    debug,
    delayed,
    gymnasium,
    hidden_objects,
    memory_game,
    merlin_tasks,
    tmaze,
    word_learning,
)
from engrax.experiments.presets.debug import debug_size
from engrax.experiments.presets.preset import Preset

_ALL: dict[str, Preset] = {
    **ballet.PRESETS,
    **hidden_objects.PRESETS,
    **word_learning.PRESETS,
    **delayed.PRESETS,
    **memory_game.PRESETS,
    **merlin_tasks.PRESETS,
    **tmaze.PRESETS,
    **gymnasium.PRESETS,
    **debug.PRESETS,
}

PRESETS: dict[str, Experiment] = {name: preset.experiment for name, preset in _ALL.items()}
"""The experiment of every preset by name; it is open: `PRESETS["mine"] = Experiment(...)`."""

DESCRIPTIONS: dict[str, str] = {name: preset.description for name, preset in _ALL.items()}
"""One line about each preset by name; a preset that is added may do without."""

__all__ = ["DESCRIPTIONS", "PRESETS", "Preset", "debug_size"]
