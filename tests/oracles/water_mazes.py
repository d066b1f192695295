"""The water mazes in NumPy, from their rules."""

import numpy as np

from .grid import DIRECTIONS, Board


def episode(deal, trials, places, actions, *, size, limit):
    """The steps of an episode.

    Args:
        deal: the colours and the platforms of the mazes.
        trials: the maze of every step; looked at only when a trial begins.
        places: where the agent is at every step, likewise.
        actions: one after every step.
        size: squares on a side.
        limit: moves of a trial.

    Returns:
        For each step: symbols, reward, ended, visit and taken where one ended (else -1), maze,
        known.
    """
    colours, platforms = deal
    spots = [(1 + square // size, 1 + square % size) for square in platforms]
    maze, where, visits, known = trials[0], tuple(places[0]), [0] * len(spots), [False] * len(spots)
    steps, since, ended, found, last = [], 0, False, False, (-1, -1)
    for time in range(len(actions) + 1):
        assert where != spots[maze]
        board = Board(size + 2, size + 2)
        board.paint(0, 0, (1, 0, 0), size + 2, size + 2)
        board.paint(1, 1, (0, 1 + colours[maze], 0), size, size)
        board.paint(*where, (2, None, None))
        view = board.view(*where, 11)
        steps.append((view, float(found), ended, *last, maze, list(known)))
        if time == len(actions):
            return steps
        ahead = tuple(np.add(where, DIRECTIONS[actions[time]]).tolist())
        where = ahead if all(1 <= x <= size for x in ahead) else where
        since, found = since + 1, where == spots[maze]
        ended, last = found or since == limit, (-1, -1)
        if ended:
            known[maze], last = known[maze] or found, (visits[maze], since)
            visits[maze] += 1
            maze, where, since = trials[time + 1], tuple(places[time + 1]), 0
