"""The word-learning task in NumPy, from its rules; the deal of numbers in Python integers."""

import numpy as np

from .grid import DIRECTIONS, hall
from .hidden_objects import place


def dealt(tables, index, bits):
    """The number at a place of a deal: four rounds on the two halves of its bits."""
    half = bits // 2
    entries = [0] * 2**half
    left, right = divmod(index, 2**half)
    for words in np.asarray(tables).tolist():
        each = len(entries) // len(words)
        entries = [words[i // each] >> (i % each * half) & (2**half - 1) for i in range(2**half)]
        left, right = right, left ^ entries[right]
    return left * 2**half + right


def phases(distractors, lessons):
    """What happens in turn: whether it is a test, and of which lesson."""
    found, number = [], 0
    for _ in range(lessons):
        mine = number
        found.append((False, mine))
        for _ in range(distractors):
            number += 1
            found += [(False, number), (True, number)]
        found.append((True, mine))
        number += 1
    return found + [(True, 0)] * (lessons > 1)


def episode(deal, actions, tests, *, lessons, named, show, reach, patience):
    """The time steps of an episode until it ends, or until there are no actions left.

    Args:
        deal: the number of distractors, the tables of names and of objects.
        actions: one after every step.
        tests: at every step, the three homes and the object asked for, if it is of a test.
        lessons: how many there are that are tested with distractors between.
        named: objects of a lesson that are taught.
        show: steps of a showing.
        reach: moves to an object.
        patience: moves of a test.

    Returns:
        For each step: symbols, text, reward, discount, first, last, success, lesson, effective.
    """
    distractors, names, objects = deal
    left, steps, clock, where = phases(distractors, lessons), [], 0, (5, 5)
    for time in range(len(actions) + 1):
        testing, lesson = left[0]
        numbers = [3 * lesson + i for i in range(3)]
        pairs = [dealt(objects, number, 8) for number in numbers]
        words = [3 + dealt(names, number, 6) for number in numbers]
        board = hall()
        board.paint(*where, (2, None, None))
        if testing:
            at = [place(home, reach) for home in tests[time][0]]
            for square, pair in zip(at, pairs, strict=True):
                board.paint(*square, (3, 1 + pair % 19, 1 + pair // 19))
            touched = where in at
            right = touched and at.index(where) == tests[time][1]
            over, text = touched or clock >= patience, (2, words[tests[time][1]])
        else:
            shown = clock // show
            board.paint(4, 5, (3, 1 + pairs[shown] % 19, 1 + pairs[shown] // 19))
            touched = right = False
            over, text = clock == named * show - 1, (1, words[shown])
        last = over and len(left) == 1
        steps.append(
            (board.view(*where, 11), text, float(right), float(not (last and touched)), time == 0,
             last, last and right, lesson, testing and not over)
        )  # fmt: skip
        if last or time == len(actions):
            break
        if over:
            left, clock, where = left[1:], 0, (5, 5)
            continue
        clock += 1
        ahead = tuple(np.add(where, DIRECTIONS[actions[time]]))
        if testing and all(1 <= x <= 9 for x in ahead):
            where = ahead
    return steps
