"""The view in symbols: 11 x 11 squares around the agent, each a kind, colour and shape."""

import equinox as eqx
from jaxtyping import Array, Int, UInt8

from engrax.envs.grid.patches import agent, join, patches, view
from engrax.envs.grid.tables import OBJECT
from engrax.envs.grid.walk import BOARD, CENTRE, hall


class Scene(eqx.Module):
    """Everything that the view depends on.

    Attributes:
        row: the agent's row on the board.
        column: the agent's column on the board.
        view_rows: the dancers' rows in the view, -4..14; the view has 0..10.
        view_columns: the dancers' columns in the view, -4..14.
        colours: the dancers', 0..18.
        shapes: the dancers', 0..14.
    """

    row: Int[Array, "*b"]
    column: Int[Array, "*b"]
    view_rows: Int[Array, "*b n"]
    view_columns: Int[Array, "*b n"]
    colours: Int[Array, "*b n"]
    shapes: Int[Array, "*b n"]


def view_symbols(scene: Scene) -> UInt8[Array, "11 11 3"]:
    """The view of a scene: per square the kind (0 empty or outside, 1 wall, 2 agent, 3 dancer), the
    colour (0 none, else 1..19) and the shape (0 none, else 1..15). A dancer hides the agent.
    """
    dancers = patches(
        scene.view_rows + scene.row - CENTRE,
        scene.view_columns + scene.column - CENTRE,
        kind=OBJECT,
        colour=1 + scene.colours,
        shape=1 + scene.shapes,
    )
    board = join(hall(), agent(scene.row, scene.column), dancers)
    return view(board, scene.row, scene.column, BOARD)
