"""What tasks on a grid of squares are made of: boards of patches, views, walking, pictures."""

from engrax.envs.grid.picture import render
from engrax.envs.grid.tables import COLOURS, SHAPES

__all__ = ["COLOURS", "SHAPES", "render"]
