"""What a task on a grid shows of its board, in symbols or in pixels."""

from jaxtyping import Array, Int, UInt8

from engrax.envs.grid.patches import Patches, view
from engrax.envs.grid.picture import render
from engrax.envs.grid.tables import SIZES, SQUARE
from engrax.envs.views import MODALITIES, View
from engrax.types import ImageSpec, Observation, Spec, SymbolsSpec


def spec_of(shown: View, sight: int) -> dict[str, Spec]:
    """The part of an interface that is the view, by its name.

    Args:
        shown: symbols or pixels.
        sight: squares on a side.
    """
    if shown == "symbols":
        return {MODALITIES[shown]: SymbolsSpec(sight, sight, SIZES)}
    return {MODALITIES[shown]: ImageSpec(sight * SQUARE, sight * SQUARE)}


def look(
    shown: View, board: Patches, row: Int[Array, ""], column: Int[Array, ""], sight: int
) -> dict[str, Array]:
    """The same part of an observation: the squares around a place.

    Args:
        shown: symbols or pixels.
        board: all that is on it.
        row: of the place.
        column: of the place.
        sight: squares on a side.
    """
    symbols = view(board, row, column, sight)
    return {MODALITIES[shown]: symbols if shown == "symbols" else render(symbols)}


def picture_of(shown: View, observation: Observation) -> UInt8[Array, "h w 3"]:
    """An observation in pixels, whichever the view."""
    part = observation[MODALITIES[shown]]
    return part if shown == "pixels" else render(part)
