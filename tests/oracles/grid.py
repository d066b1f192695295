"""Boards as NumPy arrays of all squares, from which views are cut."""

import numpy as np

DIRECTIONS = [(-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1)]


class Board:
    """A board with room around it, so that every view can be cut."""

    def __init__(self, height, width, margin=20):
        self.squares = np.zeros((height + 2 * margin, width + 2 * margin, 3), np.uint8)
        self.margin = margin

    def paint(self, row, column, features, height=1, width=1):
        """Gives squares a kind, colour and shape; None leaves one as it is."""
        for i in range(row, row + height):
            for j in range(column, column + width):
                for f, value in enumerate(features):
                    if value is not None:
                        self.squares[i + self.margin, j + self.margin, f] = value

    def view(self, row, column, sight):
        top, left = row + self.margin - sight // 2, column + self.margin - sight // 2
        return self.squares[top : top + sight, left : left + sight]


def hall():
    """The board of 11 x 11 squares with a ring of wall."""
    board = Board(11, 11)
    board.paint(0, 0, (1, 0, 0), 11, 11)
    board.paint(1, 1, (0, 0, 0), 9, 9)
    return board
