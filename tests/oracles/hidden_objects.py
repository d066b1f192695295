"""The hidden-objects task in NumPy, from its rules."""

import numpy as np

from .grid import DIRECTIONS, hall


def place(home, reach):
    """The board's row and column of one of the eight homes."""
    return tuple(5 + reach * step for step in DIRECTIONS[home])


def episode(deal, actions, *, show, gap, reach, patience):
    """The time steps of an episode until it ends, or until there are no actions left.

    Args:
        deal: count, target, delay, homes, shapes, colours.
        actions: one after every step.
        show: steps of a showing.
        gap: steps between showings.
        reach: moves to a box.
        patience: steps of the choice.

    Returns:
        For each step: symbols, text, reward, discount, first, last, success, seen.
    """
    count, target, delay, homes, shapes, colours = deal
    boxes = [place(home, reach) for home in homes[:count]]
    begin, where, steps = count * (show + gap) + delay, (5, 5), []
    for time in range(len(actions) + 1):
        board = hall()
        board.paint(*where, (2, None, None))
        for box in boxes:
            board.paint(*box, (4, 0, 0))
        for i in range(count):
            if i * (show + gap) <= time < i * (show + gap) + show:
                board.paint(*boxes[i], (3, 1 + colours[i], 1 + shapes[i]))
        success, reached = where == boxes[target], where in boxes
        last = reached or time >= begin + patience
        text = 1 + shapes[target] if time >= begin else 0
        seen = [i < count and time >= i * (show + gap) for i in range(8)]
        view = board.view(*where, 11)
        steps.append(
            (view, text, float(success), float(not reached), time == 0, last, success, seen)
        )
        if last or time == len(actions):
            break
        ahead = tuple(np.add(where, DIRECTIONS[actions[time]]))
        if time >= begin and all(1 <= x <= 9 for x in ahead):
            where = ahead
    return steps
