"""The board and the dances of Ballet, as NumPy tables.

The order of dances and homes matters: the released environment shuffles these lists, so its seeds
reproduce its episodes only in this order.

Source: Lampinen et al. (2021), "Towards mental time travel: a hierarchical memory for reinforcement
learning agents", appendix A.1, and the environment released with it.
"""

import numpy as np

from engrax.envs.grid.tables import MOVES

HOMES = ((2, 2), (2, 5), (2, 8), (5, 2), (5, 8), (8, 2), (8, 5), (8, 8))

DANCE_LENGTH = 16

DANCES = {
    "circle_cw": "N E S S W W N N E E S S W W N E",
    "circle_ccw": "N W S S E E N N W W S S E E N W",
    "up_and_down": "N S S N N S S N N S S N N S S N",
    "left_and_right": "E W W E E W W E E W W E E W W E",
    "diagonal_uldr": "NW SE SE NW NW SE SE NW NW SE SE NW NW SE SE NW",
    "diagonal_urdl": "NE SW SW NE NE SW SW NE NE SW SW NE NE SW SW NE",
    "plus_cw": "N S E W S N W E N S E W S N W E",
    "plus_ccw": "N S W E S N E W N S W E S N E W",
    "times_cw": "NE SW SE NW SW NE NW SE NE SW SE NW SW NE NW SE",
    "times_ccw": "NW SE SW NE SE NW NE SW NW SE SW NE SE NW NE SW",
    "zee": "NE W W E E SW NE SW SW E E W W NE SW NE",
    "chevron_down": "NW S SE NE N SW NE SW NE S SW NW N SE NW SE",
    "chevron_up": "SE N NW SW S NE SW NE SW N NE SE S NW SE NW",
}
"""The 13 dances by name: 16 moves each."""

VOCABULARY = ("watch", *DANCES)
"""The words of the instruction: token i is `VOCABULARY[i]`."""


def _paths() -> np.ndarray:
    moves = np.array(
        [[MOVES[move] for move in dance.split()] for dance in DANCES.values()], np.int32
    )
    return np.pad(moves.cumsum(axis=1, dtype=np.int32), ((0, 0), (1, 0), (0, 0)))


PATHS = _paths()
"""Where each dance stands after 0..16 moves, relative to its home: int32 `[13, 17, 2]`."""
