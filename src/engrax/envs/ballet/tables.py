"""The board, dances, colours and shapes of Ballet, as NumPy tables.

The order of every list matters: the released environment shuffles these lists, so its seeds
reproduce its episodes only in this order.

Source: Lampinen et al. (2021), "Towards mental time travel: a hierarchical memory for reinforcement
learning agents", appendix A.1, and the environment released with it.
"""

import numpy as np

BOARD = 11  # squares on a side, the ring of wall included; the view is as large
SQUARE = 9  # pixels on a side of a square
CENTRE = BOARD // 2  # where the agent starts, and where it stands in its view

EMPTY, WALL, AGENT, DANCER = range(4)

MOVES = {
    "N": (-1, 0),
    "NE": (-1, 1),
    "E": (0, 1),
    "SE": (1, 1),
    "S": (1, 0),
    "SW": (1, -1),
    "W": (0, -1),
    "NW": (-1, -1),
}

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

COLOURS = {
    "red": (255, 0, 0),
    "green": (0, 255, 0),
    "blue": (0, 0, 255),
    "purple": (128, 0, 128),
    "orange": (255, 165, 0),
    "yellow": (255, 255, 0),
    "brown": (128, 64, 0),
    "pink": (255, 64, 255),
    "cyan": (0, 255, 255),
    "dark_green": (0, 100, 0),
    "dark_red": (100, 0, 0),
    "dark_blue": (0, 0, 100),
    "olive": (100, 100, 0),
    "teal": (0, 100, 100),
    "lavender": (215, 200, 255),
    "peach": (255, 210, 170),
    "rose": (255, 205, 230),
    "light_green": (200, 255, 200),
    "light_yellow": (255, 255, 200),
}
"""The 19 colours by name: red, green and blue, 0 to 255."""

WALL_GREY = 40
AGENT_WHITE = 255

VOCABULARY = ("watch", *DANCES)
"""The words of the instruction: token i is `VOCABULARY[i]`."""


def _shapes() -> dict[str, np.ndarray]:
    """The 15 sprites, by name: bool `[9, 9]`, row first."""
    i, j = np.mgrid[:SQUARE, :SQUARE]
    low, middle, high = (lambda a: a < 3), (lambda a: (a >= 3) & (a < 6)), (lambda a: a >= 6)
    to_rim = (i - 4) ** 2 + (j - 4) ** 2 - 16
    plus = middle(i) | middle(j)
    ex = (abs(i - j) <= 1) | (abs(8 - i - j) <= 1)
    sides = low(j) | high(j)
    return {
        "triangle": i >= 2 * abs(j - 4),
        "empty_square": (i < 2) | (i > 6) | (j < 2) | (j > 6),
        "plus": plus,
        "inverse_plus": ~plus,
        "ex": ex,
        "inverse_ex": ~ex,
        "circle": to_rim <= 0,
        "empty_circle": abs(to_rim) < 6,
        "tee": middle(j) | low(i),
        "upside_down_tee": middle(j) | high(i),
        "h": sides | middle(i),
        "u": sides | high(i),
        "upside_down_u": sides | low(i),
        "vertical_stripes": j % 2 == 0,
        "horizontal_stripes": i % 2 == 0,
    }


def _paths() -> np.ndarray:
    """Where each dance stands after 0..16 moves, relative to its home: int32 `[13, 17, 2]`."""
    moves = np.array(
        [[MOVES[move] for move in dance.split()] for dance in DANCES.values()], np.int32
    )
    return np.pad(moves.cumsum(axis=1, dtype=np.int32), ((0, 0), (1, 0), (0, 0)))


SHAPES = _shapes()
"""The 15 shapes by name: which of 9 x 9 pixels are lit."""

PATHS = _paths()
