"""Water mazes: as the rules say, step by step, and what players score."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from engrax.envs import WaterMazes
from engrax.testing.contract import quick_jit

from oracles.water_mazes import episode
from unit.envs.players import assert_scores, direction, distance, played_by, uniform_returns
from unit.envs.steps import assert_as_told, assert_pixels_are_the_symbols, played

EASY = WaterMazes(2, 5, 120, 30)


@pytest.mark.parametrize("task", [EASY, WaterMazes(length=250)])
def test_every_step_is_as_the_rules_say(task):
    play = quick_jit(lambda actions, key: played(task, actions, key))
    numbers, endings = np.random.default_rng(0), set()
    for seed in range(12):
        actions = numbers.integers(0, 8, task.length - 1).astype(np.int32)
        states, steps = jax.tree.map(np.asarray, play(jnp.asarray(actions), jax.random.key(seed)))
        deal = states.colours[0].tolist(), states.platforms[0].tolist()
        places = np.stack([states.row, states.column], 1).tolist()
        wanted = episode(
            deal, states.maze.tolist(), places, actions.tolist(), size=task.size, limit=task.limit
        )
        info, ended = steps.info, steps.info["ended"]
        found = (
            steps.observation["symbols"], steps.reward, ended, np.where(ended, info["visit"], -1),
            np.where(ended, info["taken"], -1), info["maze"], info["known"],
        )  # fmt: skip
        assert_as_told(found, wanted)
        assert np.flatnonzero(steps.last).tolist() == [task.length - 1]
        assert steps.discount.tolist() == [1.0] * (task.length - 1) + [0.0]
        endings |= set(info["found"][ended].tolist())
    assert endings == {True, False}


class Swimmer:
    """Goes to a platform that it knows, and else sweeps the maze row by row.

    Args:
        size: of the mazes.
        kept: platforms that it remembers: of `all` mazes, the `last`, or `none`.
        knows: whether it knows them from the beginning.
    """

    def __init__(self, size, *, kept="all", knows=False):
        self.size, self.kept, self.knows, self.found, self.left = size, kept, knows, {}, None

    def __call__(self, state):
        if state.ended or self.left is None:
            self.left = self._squares()
            if state.found and self.kept != "none":
                last = {} if self.kept == "last" else self.found
                self.found = {**last, self.maze: int(state.platforms[self.maze])}
        self.maze = int(state.maze)
        where = int(state.row), int(state.column)
        self.left = [square for square in self.left if square != where]
        if self.knows or self.maze in self.found:
            square = int(state.platforms[self.maze])
            return direction(where, (1 + square // self.size, 1 + square % self.size))
        return direction(where, min(self.left, key=lambda square: distance(where, square)))

    def _squares(self):
        return [(r, c) for r in range(1, self.size + 1) for c in range(1, self.size + 1)]


@pytest.mark.parametrize(
    ("settings", "goals", "error"),
    [
        ({"knows": True}, 51.1, 0.1), ({}, 42.4, 0.5), ({"kept": "last"}, 16.8, 0.5),
        ({"kept": "none"}, 10.6, 0.4),
    ],
    ids=["knows", "remembers", "remembers the last", "forgets"],
)  # fmt: skip
def test_what_players_score(settings, goals, error):
    """The errors allow for other sweeps of a maze than that of the simulation."""
    steps = played_by(EASY, lambda _: Swimmer(5, **settings), 100, EASY.length - 1)
    assert_scores(steps.reward.sum(0), goals, error)


def test_second_visits_are_short_for_a_player_who_remembers():
    steps = played_by(EASY, lambda _: Swimmer(5), 100, EASY.length - 1)
    first, second = (
        steps.info["taken"][steps.info["ended"] & (steps.info["visit"] == visit)]
        for visit in (0, 1)
    )
    assert_scores(first, 12.5, 0.3)
    assert_scores(second, 2.3, 0.05)


@pytest.mark.parametrize("task", [EASY, WaterMazes()])
def test_a_uniform_walk(task):
    assert_scores(uniform_returns(task, task.length - 1), task.interface.chance, 0.05)


def test_platforms_are_never_seen():
    task = WaterMazes()
    state = task.draw(jax.random.key(0))
    other = replace(state, platforms=(state.platforms + 7) % 49)
    seen = [task.observe(one).observation["symbols"] for one in (state, other)]
    np.testing.assert_array_equal(*seen)


def test_pixels_are_the_symbols():
    assert_pixels_are_the_symbols(WaterMazes)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"mazes": 20}, "mazes is 20, expected 1 to 19"),
        ({"size": 10}, "size is 10, expected 2 to 9"),
        ({"length": 1}, "length is 1, expected at least 2"),
        ({"limit": 0}, "limit is 0, expected at least 1"),
    ],
)
def test_settings_that_make_no_task(settings, message):
    with pytest.raises(ValueError, match=message):
        WaterMazes(**settings)
