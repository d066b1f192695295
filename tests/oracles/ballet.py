"""Ballet as a slow simulator, written from its specification alone."""

import hashlib

import numpy as np

STEPS = {
    "N": (-1, 0),
    "NE": (-1, 1),
    "E": (0, 1),
    "SE": (1, 1),
    "S": (1, 0),
    "SW": (1, -1),
    "W": (0, -1),
    "NW": (-1, -1),
}
PLACES = [(2, 2), (2, 5), (2, 8), (5, 2), (5, 8), (8, 2), (8, 5), (8, 8)]
STEPS_OF = {
    "circle_cw": "N E S S W W N N E E S S W W N E",
    "circle_ccw": "N W S S E E N N W W S S E E N W",
    "up_and_down": "N S S N " * 4,
    "left_and_right": "E W W E " * 4,
    "diagonal_uldr": "NW SE SE NW " * 4,
    "diagonal_urdl": "NE SW SW NE " * 4,
    "plus_cw": "N S E W S N W E " * 2,
    "plus_ccw": "N S W E S N E W " * 2,
    "times_cw": "NE SW SE NW SW NE NW SE " * 2,
    "times_ccw": "NW SE SW NE SE NW NE SW " * 2,
    "zee": "NE W W E E SW NE SW SW E E W W NE SW NE",
    "chevron_down": "NW S SE NE N SW NE SW NE S SW NW N SE NW SE",
    "chevron_up": "SE N NW SW S NE SW NE SW N NE SE S NW SE NW",
}
PAINTS = {
    "red": "255 0 0", "green": "0 255 0", "blue": "0 0 255", "purple": "128 0 128",
    "orange": "255 165 0", "yellow": "255 255 0", "brown": "128 64 0", "pink": "255 64 255",
    "cyan": "0 255 255", "dark_green": "0 100 0", "dark_red": "100 0 0", "dark_blue": "0 0 100",
    "olive": "100 100 0", "teal": "0 100 100", "lavender": "215 200 255", "peach": "255 210 170",
    "rose": "255 205 230", "light_green": "200 255 200", "light_yellow": "255 255 200",
}  # fmt: skip
LIT = {
    "triangle": lambda i, j: i >= 2 * abs(j - 4),
    "empty_square": lambda i, j: min(i, j) < 2 or max(i, j) > 6,
    "plus": lambda i, j: 3 <= j <= 5 or 3 <= i <= 5,
    "inverse_plus": lambda i, j: not (3 <= j <= 5 or 3 <= i <= 5),
    "ex": lambda i, j: abs(i - j) <= 1 or abs(8 - i - j) <= 1,
    "inverse_ex": lambda i, j: not (abs(i - j) <= 1 or abs(8 - i - j) <= 1),
    "circle": lambda i, j: (i - 4) ** 2 + (j - 4) ** 2 <= 16,
    "empty_circle": lambda i, j: abs((i - 4) ** 2 + (j - 4) ** 2 - 16) < 6,
    "tee": lambda i, j: 3 <= j <= 5 or i <= 2,
    "upside_down_tee": lambda i, j: 3 <= j <= 5 or i >= 6,
    "h": lambda i, j: j <= 2 or j >= 6 or 3 <= i <= 5,
    "u": lambda i, j: j <= 2 or j >= 6 or i >= 6,
    "upside_down_u": lambda i, j: j <= 2 or j >= 6 or i <= 2,
    "vertical_stripes": lambda i, j: j % 2 == 0,
    "horizontal_stripes": lambda i, j: i % 2 == 0,
}


class Oracle:
    """The specification as a simulator: one square, one dancer and one step at a time."""

    def __init__(self, num_dancers, delay, generator):
        self.num_dancers, self.delay, self.generator = num_dancers, delay, generator
        self.max_steps = 320 if delay == 16 else 1024

    def reset(self):
        self.target = int(self.generator.integers(self.num_dancers))
        decks = [list(PLACES), list(STEPS_OF), list(PAINTS), list(LIT)]
        for deck in decks:
            self.generator.shuffle(deck)
        self.dancers = list(zip(*(deck[: self.num_dancers] for deck in decks), strict=True))
        self.frame, self.agent = 0, (5, 5)
        return self.report()

    def step(self, action):
        if self.frame >= self.num_dancers * (15 + self.delay):
            move = list(STEPS.values())[action]
            target = self.agent[0] + move[0], self.agent[1] + move[1]
            if min(target) >= 1 and max(target) <= 9:
                self.agent = target
        self.frame += 1
        return self.report()

    def report(self):
        choosing = self.frame >= self.num_dancers * (15 + self.delay)
        here = [choosing and self.place(i) == self.agent for i in range(self.num_dancers)]
        return {
            "image": self.image(),
            "symbols": self.symbols(),
            "instruction": self.dancers[self.target][1] if choosing else "watch",
            "reward": float(here[self.target]),
            "discount": float(not any(here)),
            "last": any(here) or self.frame >= self.max_steps,
        }

    def place(self, i):
        (row, column), dance, *_ = self.dancers[i]
        moves = min(max(self.frame - i * (15 + self.delay) + 1, 0), 16)
        for name in dance_moves(dance)[:moves]:
            row, column = row + STEPS[name][0], column + STEPS[name][1]
        return row, column

    def board(self):
        """What stands on each square of the board; later things hide earlier ones."""
        board = {
            (r, c): (1, 0, 0) for r in range(11) for c in range(11) if r in (0, 10) or c in (0, 10)
        }
        board[self.agent] = (2, 0, 0)
        for i, (*_, colour, shape) in enumerate(self.dancers):
            board[self.place(i)] = (3, 1 + list(PAINTS).index(colour), 1 + list(LIT).index(shape))
        return board

    def symbols(self):
        board, symbols = self.board(), np.zeros((11, 11, 3), np.uint8)
        for row, column in np.ndindex(11, 11):
            symbols[row, column] = board.get(
                (row + self.agent[0] - 5, column + self.agent[1] - 5), (0, 0, 0)
            )
        return symbols

    def image(self):
        image = np.zeros((99, 99, 3), np.uint8)
        for (row, column), thing in self.board().items():
            top, left = 9 * (row - self.agent[0] + 5), 9 * (column - self.agent[1] + 5)
            if 0 <= top < 99 and 0 <= left < 99:
                image[top : top + 9, left : left + 9] = tile(*thing)
        return image


def dance_moves(dance):
    return STEPS_OF[dance].split()


def tile(kind, colour, shape):
    if kind < 3:
        return np.full((9, 9, 3), (0, 40, 255)[kind], np.uint8)
    paint = np.array(list(PAINTS.values())[colour - 1].split(), np.uint8)
    lit = np.array([[list(LIT.values())[shape - 1](i, j) for j in range(9)] for i in range(9)])
    return lit[:, :, None] * paint


def digest(image):
    return hashlib.sha256((image.astype(np.float32) / np.float32(255)).tobytes()).hexdigest()[:16]
