"""The tasks in maps of rooms in NumPy, from their rules."""

import numpy as np

from .grid import Board

MOVES = [(-1, 0), (1, 0), (0, -1), (0, 1)]


def neighbours(rows, columns):
    """Pairs of rooms: side by side, then one above the other, row by row."""
    rooms = [(i, j) for i in range(rows) for j in range(columns)]
    across = [((i, j), (i, j + 1)) for i, j in rooms if j + 1 < columns]
    return across + [((i, j), (i + 1, j)) for i, j in rooms if i + 1 < rows]


def drawn(rows, columns, plan):
    """The board of a map: `plan` has the doors, their offsets, and the colours."""
    board = Board(4 * rows + 1, 4 * columns + 1)
    board.paint(0, 0, (1, 0, 0), 4 * rows + 1, 4 * columns + 1)
    for i in range(rows):
        for j in range(columns):
            colour = 1 + plan.colours[i * columns + j]
            board.paint(4 * i + 1, 4 * j + 1, (0, colour, 0), 3, 3)
    for number, ((i, j), (below, _)) in enumerate(neighbours(rows, columns)):
        if plan.open[number] and below == i:
            board.paint(4 * i + 1 + plan.offset[number], 4 * j + 4, (0, 0, 0))
        elif plan.open[number]:
            board.paint(4 * i + 4, 4 * j + 1 + plan.offset[number], (0, 0, 0))
    return board


def square(number, columns):
    """The row and column of a floor square, counted room by room."""
    room, place = divmod(number, 9)
    return 4 * (room // columns) + 1 + place // 3, 4 * (room % columns) + 1 + place % 3


def room_of(place, columns):
    """The room of a floor square; None of a door."""
    (i, down), (j, along) = divmod(place[0] - 1, 4), divmod(place[1] - 1, 4)
    return i * columns + j if down < 3 and along < 3 else None


def moved(board, place, action):
    """Where a step leads."""
    ahead = tuple(np.add(place, MOVES[action]).tolist())
    row, column = np.add(ahead, board.margin)
    return place if board.squares[row, column, 0] == 1 else ahead


def wayfinding(rows, columns, plan, goal, places, actions):
    """The steps of an episode.

    Args:
        rows: of rooms.
        columns: of rooms.
        plan: the map.
        goal: the number of the goal's square.
        places: where the agent is at every step; taken for granted only when it has been put.
        actions: one after every step.

    Returns:
        For each step: symbols, reward, goals, since spawn, sub-episode, taken where the goal was
        reached (else -1), the goal's room, known.
    """
    there, where = square(goal, columns), tuple(places[0])
    assert room_of(where, columns) not in (None, goal // 9)
    steps, goals, since, found, known, took = [], 0, 0, False, False, -1
    for time in range(len(actions) + 1):
        board = drawn(rows, columns, plan)
        board.paint(*there, (3, 0, 1))
        board.paint(*where, (2, None, None))
        known = known or max(abs(np.subtract(there, where))) <= 2
        view = board.view(*where, 5)
        steps.append((view, float(found), goals, since, goals - found, took, goal // 9, known))
        if time == len(actions):
            return steps
        where, since = moved(drawn(rows, columns, plan), where, actions[time]), since + 1
        found, took = where == there, -1
        if found:
            where, took, since, goals, known = tuple(places[time + 1]), since, 0, goals + 1, True
            assert room_of(where, columns) not in (None, goal // 9)


def errands(rows, columns, plan, objects, asked, actions, *, shown, briefed, wrong):
    """The steps of an episode, as long as there are errands.

    Args:
        rows: of rooms.
        columns: of rooms.
        plan: the map.
        objects: the shapes and the colours, in the order of the corner rooms.
        asked: the object of each errand in turn.
        actions: one after every step.
        shown: steps of an instruction.
        briefed: errands that are read out at first, 0 for none.
        wrong: the reward of a wrong object.

    Returns:
        For each step: symbols, text, reward, ended, errand, taken where one ended (else -1), right.
    """
    start = (1, 1) if (rows, columns) == (3, 3) else (0, 0)
    corners = [(i, j) for i in (0, rows - 1) for j in (0, columns - 1) if (i, j) != start]
    spots = [(4 * i + 2, 4 * j + 2) for i, j in corners]
    home = where = 4 * start[0] + 2, 4 * start[1] + 2
    steps, number, since, ended, right, took = [], 0, 0, False, False, -1
    for time in range(len(actions) + 1):
        board = drawn(rows, columns, plan)
        for spot, shape, colour in zip(spots, *objects, strict=True):
            board.paint(*spot, (3, 1 + colour, 1 + shape))
        board.paint(*where, (2, None, None))
        spoken = asked[time] if time < briefed else asked[min(number, len(asked) - 1)]
        says = time < briefed if briefed else since < shown
        text = 1 + objects[0][spoken] if says else 0
        reward = (1.0 if right else wrong) if ended else 0.0
        view = board.view(*where, 5)
        steps.append((view, text, reward, ended, number - ended, took, ended and right))
        if time == len(actions) or number == len(asked):
            return steps
        ended, took = False, -1
        if time >= briefed:
            where, since = moved(drawn(rows, columns, plan), where, actions[time]), since + 1
        if where in spots:
            ended, right, took = True, spots.index(where) == asked[number], since
            where, since, number = home, 0, number + 1
