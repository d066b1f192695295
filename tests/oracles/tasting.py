"""Tasting in NumPy, from its rules."""

import numpy as np

from .grid import DIRECTIONS, hall
from .hidden_objects import place
from .word_learning import dealt


def episode(looks, good, homes, actions, *, reach, rounds, round_steps, bad):
    """The steps of an episode.

    Args:
        looks: the tables of the deal of colours and shapes.
        good: whether each kind is.
        homes: of each kind, at every step; looked at only when a round begins.
        actions: one after every step.
        reach: moves to an object.
        rounds: of the episode.
        round_steps: steps of a round.
        bad: the reward of a bad object.

    Returns:
        For each step: symbols, reward, last, round ended, round, reward of the round so far.
    """
    pairs = [divmod(dealt(looks, kind, 8), 19) for kind in range(len(good))]
    steps, where, reward, total, left = [], (5, 5), 0, 0, {}
    for time in range(rounds * round_steps):
        number, elapsed = divmod(time, round_steps)
        if elapsed == 0:
            where, reward, total = (5, 5), 0, 0
            left = {place(home, reach): kind for kind, home in enumerate(homes[time])}
        board = hall()
        for spot, kind in left.items():
            shape, colour = pairs[kind]
            board.paint(*spot, (3, 1 + colour, 1 + shape))
        board.paint(*where, (2, None, None))
        ended = elapsed == round_steps - 1
        last = ended and number == rounds - 1
        steps.append((board.view(*where, 11), float(reward), last, ended, number, total))
        if not last:
            ahead = tuple(np.add(where, DIRECTIONS[actions[time]]).tolist())
            where = ahead if all(1 <= x <= 9 for x in ahead) else where
            kind = left.pop(where, None) if not ended else None
            reward = 0 if kind is None else 1 if good[kind] else bad
            total += reward
    return steps
