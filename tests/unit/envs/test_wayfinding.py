"""Wayfinding: as the rules say, step by step, and what players score."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from engrax.envs import Wayfinding
from engrax.testing.contract import quick_jit

from oracles.maps import MOVES, drawn, square, wayfinding
from unit.envs.players import assert_scores, played_by, towards, uniform_returns
from unit.envs.steps import assert_as_told, assert_pixels_are_the_symbols, played


@pytest.mark.parametrize("rooms", [(2, 2), (3, 3), (1, 3)])
def test_every_step_is_as_the_rules_say(rooms):
    task, found_often = Wayfinding(rooms, 120), 0
    play = quick_jit(lambda actions, key: played(task, actions, key))
    numbers = np.random.default_rng(0)
    for seed in range(12):
        actions = numbers.integers(0, 4, task.length - 1).astype(np.int32)
        states, steps = jax.tree.map(np.asarray, play(jnp.asarray(actions), jax.random.key(seed)))
        plan = jax.tree.map(lambda x: x[0], states.plan)
        places = np.stack([states.row, states.column], 1).tolist()
        wanted = wayfinding(*rooms, plan, int(states.goal[0]), places, actions.tolist())
        info = steps.info
        found = (
            steps.observation["symbols"], steps.reward, info["goals"], info["since_spawn"],
            info["sub_episode"], np.where(info["found"], info["taken"], -1), info["goal"][:, 0],
            info["known"][:, 0],
        )  # fmt: skip
        assert_as_told(found, wanted)
        assert np.flatnonzero(steps.last).tolist() == [task.length - 1]
        assert steps.discount.tolist() == [1.0] * (task.length - 1) + [0.0]
        found_often += info["goals"][-1]
    assert found_often > 0


class Walker:
    """Walks in a map.

    Args:
        shape: rows and columns of rooms.
        knows: whether it knows map and goal from the beginning.
        keeps: whether it remembers them when it is put somewhere.
    """

    def __init__(self, shape, *, knows=False, keeps=True):
        self.shape, self.knows, self.keeps = shape, knows, keeps
        self.board, self.seen = None, set()

    def __call__(self, state):
        columns = self.shape[1]
        where, goal = (int(state.row), int(state.column)), square(int(state.goal), columns)
        if self.board is None:
            self.board = drawn(*self.shape, state.plan)
        if state.found and not self.keeps:
            self.seen = set()
        row, column = where
        self.seen |= {(row + r, column + c) for r in range(-2, 3) for c in range(-2, 3)}
        if self.knows or goal in self.seen:
            move = towards(self._free, where, lambda place: place == goal, MOVES)
            if move is not None:
                return move
        return towards(self._free, where, self._borders_on_the_unknown, MOVES)

    def _free(self, place):
        row, column = np.add(place, self.board.margin)
        known = self.knows or place in self.seen
        return known and self.board.squares[row, column, 0] != 1

    def _borders_on_the_unknown(self, place):
        return any(tuple(np.add(place, move)) not in self.seen for move in MOVES)


@pytest.mark.parametrize(
    ("settings", "goals", "error"),
    [({"knows": True}, 12.7, 0.1), ({}, 12.1, 0.1), ({"keeps": False}, 8.4, 0.3)],
    ids=["knows the map", "explores and remembers", "forgets"],
)
def test_what_players_score(settings, goals, error):
    """The errors allow for other ways to explore than that of the simulation."""
    task = Wayfinding((2, 2), 100)
    steps = played_by(task, lambda _: Walker((2, 2), **settings), 150, task.length - 1)
    assert_scores(steps.info["goals"][-1], goals, error)


@pytest.mark.slow
def test_the_time_to_the_goal_falls_for_a_player_who_remembers():
    task = Wayfinding(length=150)
    steps = played_by(task, lambda _: Walker((3, 3)), 150, task.length - 1)
    taken, which = steps.info["taken"], steps.info["sub_episode"]
    first, later = (steps.info["found"] & (which == number) for number in (0, 2))
    assert_scores(taken[first], 28.4, 0.5)
    assert_scores(taken[later], 12.9, 0.3)


@pytest.mark.parametrize(("rooms", "length"), [((2, 2), 100), ((3, 3), 300)])
def test_a_uniform_walk(rooms, length):
    task = Wayfinding(rooms, length)
    assert_scores(uniform_returns(task, length - 1), task.interface.chance, 0.01)


def test_nothing_tells_the_goal_before_it_is_in_view():
    """The goal at any other place out of view gives the same picture."""
    task = Wayfinding()
    shows = quick_jit(lambda state: task.observe(state).observation["symbols"])
    hidden = 0
    for seed in range(40):
        state = task.draw(jax.random.key(seed))
        other = replace(state, goal=(state.goal + 40) % 81)
        if not (task._sees(state) or task._sees(other)):
            hidden += 1
            np.testing.assert_array_equal(shows(state), shows(other))
    assert hidden > 10


def test_pixels_are_the_symbols():
    assert_pixels_are_the_symbols(Wayfinding)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"rooms": (1, 1)}, "rooms is 1 x 1, expected"),
        ({"length": 1}, "length is 1, expected at least 2"),
        ({"view": "smell"}, "view is 'smell', expected one of symbols, pixels"),
    ],
)
def test_settings_that_make_no_task(settings, message):
    with pytest.raises(ValueError, match=message):
        Wayfinding(**settings)
