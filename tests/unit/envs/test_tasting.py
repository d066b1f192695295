"""Tasting: as the rules say, step by step, and what players score."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from engrax.envs import Tasting
from engrax.envs.grid.walk import homes
from engrax.testing.contract import quick_jit

from oracles.grid import DIRECTIONS
from oracles.tasting import episode
from unit.envs.players import assert_scores, distance, played_by, towards
from unit.envs.steps import assert_as_told, assert_pixels_are_the_symbols, played

EASY = Tasting(4, 1, 4, 8)


@pytest.mark.parametrize("task", [EASY, Tasting(rounds=3, bad=-0.25)])
def test_every_step_is_as_the_rules_say(task):
    play = quick_jit(lambda actions, key: played(task, actions, key))
    numbers, rewards = np.random.default_rng(0), set()
    for seed in range(12):
        actions = numbers.integers(0, 8, task.rounds * task.round_steps - 1).astype(np.int32)
        states, steps = jax.tree.map(np.asarray, play(jnp.asarray(actions), jax.random.key(seed)))
        wanted = episode(
            states.looks[0], states.good[0].tolist(), states.homes.tolist(), actions.tolist(),
            reach=task.reach, rounds=task.rounds, round_steps=task.round_steps,
            bad=task.bad,
        )  # fmt: skip
        info = steps.info
        found = (
            steps.observation["symbols"], steps.reward, steps.last, info["round_ended"],
            info["round"], info["round_reward"],
        )  # fmt: skip
        assert_as_told(found, wanted)
        assert states.good.sum(1).tolist() == [task.kinds // 2] * len(wanted)
        rewards |= set(steps.reward.tolist())
    assert rewards == {task.bad, 0.0, 1.0}


class Taster:
    """Goes to the nearest object that is not known to be bad, known good ones first.

    Args:
        task: which.
        knows: whether it knows all values from the beginning.
    """

    def __init__(self, task, *, knows=False):
        self.task, self.tried, self.before = task, set(range(task.kinds * knows)), None

    def __call__(self, state):
        if self.before is not None and state.step % self.task.round_steps:
            self.tried |= set(np.flatnonzero(self.before & ~state.left).tolist())
        self.before = state.left
        self._infer(state.good)
        there = np.flatnonzero(state.left).tolist()
        good = [kind for kind in there if kind in self.tried and state.good[kind]]
        open_ones = [kind for kind in there if kind not in self.tried]
        spots = np.asarray(homes(self.task.reach))[state.homes]
        where = int(state.row), int(state.column)
        bad = {tuple(spots[kind].tolist()) for kind in there if kind not in good + open_ones}
        for wanted in (good, open_ones):
            places = [tuple(spots[kind].tolist()) for kind in wanted]
            if places:
                return self._around(where, min(places, key=lambda at: distance(where, at)), bad)
        return self._anywhere(where, bad)

    def _infer(self, good):
        """Half of all kinds are good, so that one half tells the other one."""
        for worth in (True, False):
            if sum(good[kind] == worth for kind in self.tried) == len(good) // 2:
                self.tried = set(range(len(good)))

    def _anywhere(self, where, bad):
        """A move that touches nothing."""
        ahead = [tuple(np.add(where, step).tolist()) for step in DIRECTIONS]
        return next(action for action, place in enumerate(ahead) if place not in bad)

    def _around(self, where, there, bad):
        """A shortest way that leaves out what is bad."""
        free = lambda place: all(1 <= x <= 9 for x in place) and place not in bad  # noqa: E731
        return towards(free, where, lambda place: place == there, DIRECTIONS)


@pytest.mark.parametrize(("knows", "score"), [(True, 8.0), (False, 6.7)])
def test_what_players_score(knows, score):
    steps = played_by(EASY, lambda _: Taster(EASY, knows=knows), 300, 31)
    assert_scores(steps.reward.sum(0), score, 0.05)


def test_what_one_who_knows_the_values_scores():
    task = Tasting()
    steps = played_by(task, lambda _: Taster(task, knows=True), 50, 95)
    assert_scores(steps.reward.sum(0), 24.0, 0.02)


@pytest.mark.slow
def test_the_reward_of_a_round_rises_for_a_player_who_remembers():
    task = Tasting()
    steps = played_by(task, lambda _: Taster(task), 100, 95)
    ended, which = steps.info["round_ended"], steps.info["round"]
    by_round = [steps.info["round_reward"][ended & (which == number)] for number in (0, 5)]
    assert_scores(by_round[0], 0.47, 0.15)
    assert_scores(by_round[1], 4.0, 0.02)
    assert_scores(steps.reward.sum(0), 20.5, 0.15)


def test_nothing_tells_the_values():
    task = Tasting()
    state = task.draw(jax.random.key(0))
    other = replace(state, good=~state.good)
    seen = [task.observe(one).observation["symbols"] for one in (state, other)]
    np.testing.assert_array_equal(*seen)


def test_pixels_are_the_symbols():
    assert_pixels_are_the_symbols(Tasting)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"kinds": 3}, "kinds is 3, expected an even number from 2 to 8"),
        ({"kinds": 10}, "kinds is 10, expected an even number from 2 to 8"),
        ({"reach": 5}, "reach is 5, expected 1 to 4"),
        ({"rounds": 0}, "rounds is 0, expected at least 1"),
        ({"round_steps": 1}, "round_steps is 1, expected at least 2"),
    ],
)
def test_settings_that_make_no_task(settings, message):
    with pytest.raises(ValueError, match=message):
        Tasting(**settings)
