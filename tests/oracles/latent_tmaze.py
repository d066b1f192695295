"""The latent T-maze in NumPy, from its rules."""

import numpy as np

from .grid import Board

MOVES = [(-1, 0), (1, 0), (0, -1), (0, 1)]


def ringed(*floors):
    """Floors with walls around them, rows and columns of corners, heights and widths."""
    board = Board(12, 30)
    for row, column, height, width in floors:
        board.paint(row - 1, column - 1, (1, 0, 0), height + 2, width + 2)
    for floor in floors:
        board.paint(floor[0], floor[1], (0, 0, 0), *floor[2:])
    return board


def episode(looks, side, actions, *, arm, stem, explore, delay, guided):
    """The steps of an episode until it ends, or until there are no actions left.

    Args:
        looks: of the object that pays and of the other one.
        side: where the first is: 0 west, 1 east.
        actions: one after every step.
        arm: squares of an arm.
        stem: squares of the corridor.
        explore: steps of the first phase.
        delay: steps of the third.
        guided: whether the agent is put at the ends.

    Returns:
        For each step: symbols, reward, discount, last, success, phase.
    """
    pays = tuple(1 + x for x in divmod(looks[0], 19)[::-1])
    other = tuple(1 + x for x in divmod(looks[1], 19)[::-1])
    ends = [(1, 1), (1, 2 * arm + 1)]
    foot, spot, entry = (1 + stem, 1 + arm), (1, 2), (3, 2)
    phase, clock, where, steps = 0, 0, foot, []
    for time in range(len(actions) + 1):
        if phase == 0 and guided:
            where = ends[clock >= explore // 2]
        in_maze = phase in (0, 3)
        maze = [(1, 1, 1, 2 * arm + 1), (2, 1 + arm, stem, 1)]
        board = ringed(*maze) if in_maze else ringed((1, 1, 3, 3))
        if phase == 0:
            board.paint(*ends[side], (3, *pays))
            board.paint(*ends[1 - side], (3, *other))
        if phase == 1:
            board.paint(*spot, (3, *pays))
        if phase == 3:
            for end in ends:
                board.paint(*end, (4, 0, 0))
        board.paint(*where, (2, None, None))
        touches, reached = phase == 1 and where == spot, phase == 3 and where in ends
        success = reached and where == ends[side]
        over = clock == (explore, 6, delay, 32)[phase] - 1 or touches or reached
        last = phase == 3 and over
        reward = float(success or touches)
        steps.append((board.view(*where, 5), reward, float(not reached), last, success, phase))
        if last or time == len(actions):
            return steps
        held = phase == 2 or (phase == 0 and guided)
        if over:
            phase, clock = 3 if phase == 1 and not delay else phase + 1, 0
            where = foot if phase == 3 else entry
            continue
        clock += 1
        ahead = tuple(np.add(where, MOVES[actions[time]]).tolist())
        free = board.squares[*np.add(ahead, board.margin), 0] != 1
        where = ahead if free and not held else where
