"""The three-phase tasks in NumPy, from their rules."""

from .grid import Board

MOVES = [(-1, 0), (1, 0), (0, -1), (0, 1)]
ORCHARD = [(r, c) for r in range(1, 6) for c in range(1, 10) if (r + c) % 2 == 0 and r * c != 25]
WALL, FLOOR = (1, 0, 0), (0, 0, 0)
ROOMS = [(1, 3, 2, 5), (3, 4, 1, 3), (4, 3, 2, 5)]


def two_rooms():
    """Two rooms and a passage, in one block of wall."""
    board = Board(7, 11)
    board.paint(0, 2, WALL, 7, 7)
    for row, column, height, width in ROOMS:
        board.paint(row, column, FLOOR, height, width)
    return board


def walls():
    """The squares of that wall, row by row."""
    board = two_rooms()
    squares = [(r, c) for r in range(7) for c in range(11)]
    return [(r, c) for r, c in squares if board.squares[r + board.margin, c + board.margin, 0] == 1]


def ringed(*floors):
    """Floors with a ring of wall around them."""
    board = Board(7, 11)
    for row, column, height, width in floors:
        board.paint(row - 1, column - 1, WALL, height + 2, width + 2)
    for row, column, height, width in floors:
        board.paint(row, column, FLOOR, height, width)
    return board


class KeyToDoor:
    """The rules of the first and the last phase of key to door."""

    held = False

    def __init__(self, key, start):
        self.key, self.start = (1 + key // 5, 3 + key % 5), (4 + start // 5, 3 + start % 5)
        self.end, self.taken, self.opened = (3, 5), None, None

    def first(self, step):
        board = two_rooms()
        if self.taken is None:
            board.paint(*self.key, (3, 6, 9))
        if self.taken is not None and step == self.taken + 1:
            board.paint(0, 5, (3, 19, 0))
        return board

    def last(self):
        board = ringed((2, 4, 3, 3))
        board.paint(1, 5, FLOOR if self.taken is not None else (5, 0, 0))
        return board

    def arrive(self, where, phase, step):
        if phase == 0 and where == self.key and self.taken is None:
            self.taken = step
        if phase == 2 and where == (1, 5) and self.opened is None:
            self.opened = step
            return 10.0
        return 0.0

    @property
    def solved(self):
        return self.opened is not None

    @property
    def known(self):
        return self.taken is not None


class VisualMatch:
    """The rules of the first and the last phase of visual match."""

    def __init__(self, active, colours, target, wall, start):
        self.held, self.colours, self.target = not active, colours, target
        self.columns = (2, 5, 8) if active else (2, 4, 6, 8)
        self.at = walls()[wall] if active else (1, 5)
        self.start = (4 + start // 5, 3 + start % 5) if active else (2, 5)
        self.end, self.chosen, self.known = (5, 5), None, False

    def first(self, step):
        board = ringed((2, 5, 3, 1)) if self.held else two_rooms()
        board.paint(*self.at, (1, 1 + self.colours[self.target], 0))
        return board

    def last(self):
        board = ringed((1, 1, 3, 9), (4, 4, 2, 3))
        if self.chosen is None:
            for column, colour in zip(self.columns, self.colours, strict=True):
                board.paint(1, column, (3, 1 + colour, 0))
        return board

    def arrive(self, where, phase, step):
        if phase == 0 and all(abs(a - b) <= 2 for a, b in zip(where, self.at, strict=True)):
            self.known = True
        if phase == 2 and self.chosen is None and where in [(1, c) for c in self.columns]:
            self.chosen = self.columns.index(where[1])
            return 10.0 if self.solved else float(self.held)
        return 0.0

    @property
    def solved(self):
        return self.chosen == self.target


def episode(rules, apples, value, actions, phases):
    """All time steps of an episode.

    Args:
        rules: of the first and the last phase.
        apples: which squares of the orchard have one.
        value: of an apple.
        actions: one after every step but the last.
        phases: the steps of each phase.

    Returns:
        For each step: symbols, reward, discount, first, last, success, what is known, effective.
    """
    total, taken, steps = sum(phases), {}, []
    there = lambda step: [  # noqa: E731
        ORCHARD[i] for i in apples if step - taken.get(ORCHARD[i], -99) > 20
    ]
    where = rules.start
    reward = rules.arrive(where, 0, 0)
    for step in range(total):
        phase = sum(step >= sum(phases[: i + 1]) for i in range(2))
        elapsed = step - sum(phases[:phase])
        if phase == 1:
            board = ringed((1, 1, 5, 9))
            for square in there(step):
                board.paint(*square, (3, 1, 7))
        else:
            board = rules.first(step) if phase == 0 else rules.last()
        board.paint(*where, (2, None, None))
        last, ends = step == total - 1, elapsed == phases[phase] - 1
        steps.append(
            (board.view(*where, 5), reward, float(not last), step == 0, last,
             last and rules.solved, rules.known, not ends and not (phase == 0 and rules.held))
        )  # fmt: skip
        if last:
            break
        if ends:
            where = [(5, 5), rules.end][phase]
        elif not (phase == 0 and rules.held):
            down, along = MOVES[actions[step]]
            ahead = where[0] + down, where[1] + along
            if board.squares[ahead[0] + board.margin, ahead[1] + board.margin, 0] not in (1, 5):
                where = ahead
        phase = phase + ends
        reward = rules.arrive(where, phase, step + 1)
        if phase == 1 and where in there(step + 1):
            taken[where], reward = step + 1, value
    return steps
