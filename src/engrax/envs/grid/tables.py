"""What tasks on a grid of squares have in common: kinds, colours and shapes of squares, and moves.

The order of colours and shapes matters to Ballet: the released environment shuffles these lists.
"""

import numpy as np

SQUARE = 9  # pixels on a side of a square

EMPTY, WALL, AGENT, OBJECT, BOX, DOOR = range(6)
"""The kinds of squares; a door is shut, and an open one is an empty square."""

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
"""The eight directions by name, as rows and columns."""

FOUR_MOVES = {name: MOVES[name] for name in "NSWE"}
"""The four directions along rows and columns."""

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


SHAPES = _shapes()
"""The 15 shapes by name: which of 9 x 9 pixels are lit."""

SIZES = (6, len(COLOURS) + 1, len(SHAPES) + 1)
"""The values of a square's kind, colour (0 none) and shape (0 none)."""
