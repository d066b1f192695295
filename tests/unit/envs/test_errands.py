"""Errands: as the rules say, step by step, and what players score."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from engrax.envs import Errands
from engrax.testing.contract import quick_jit

from oracles.maps import MOVES, drawn, errands
from unit.envs.players import assert_scores, played_by, towards, uniform_returns
from unit.envs.steps import assert_as_told, assert_pixels_are_the_symbols, played


@pytest.mark.parametrize(
    "settings",
    [
        {"rooms": (2, 2)},
        {"rooms": (3, 3), "shown": 3},
        {"rooms": (2, 2), "briefing": True, "wrong": -0.25},
    ],
    ids=["told one by one", "shown for three steps", "briefed"],
)
def test_every_step_is_as_the_rules_say(settings):
    task, ended = Errands(length=200, **settings), 0
    play = quick_jit(lambda actions, key: played(task, actions, key))
    numbers = np.random.default_rng(0)
    for seed in range(12):
        actions = numbers.integers(0, 4, task.length - 1).astype(np.int32)
        states, steps = jax.tree.map(np.asarray, play(jnp.asarray(actions), jax.random.key(seed)))
        plan = jax.tree.map(lambda x: x[0], states.plan)
        objects = states.shapes[0].tolist(), states.colours[0].tolist()
        wanted = errands(
            *task.rooms, plan, objects, in_turn(task, states), actions.tolist(),
            shown=task.shown, briefed=4 if task.briefing else 0, wrong=task.wrong,
        )  # fmt: skip
        info = steps.info
        found = (
            steps.observation["symbols"], steps.observation["text"][:, 0], steps.reward,
            info["ended"], info["errand"], np.where(info["ended"], info["taken"], -1),
            info["right"],
        )  # fmt: skip
        assert_as_told(found, wanted)
        assert steps.last[len(wanted) - 1]
        assert steps.discount[len(wanted) - 1] == 0
        ended += info["errand"][len(wanted) - 1]
    assert ended > 5


def in_turn(task, states):
    """The object of each errand of an episode."""
    if task.briefing:
        return states.asked[0].tolist()
    begins = np.flatnonzero(np.concatenate([[True], states.done[1:] > states.done[:-1]]))
    return [*states.asked[begins, 0].tolist(), 0]


class Walker:
    """Knows the map, and goes to the object of its errand, or to the nearest.

    Args:
        task: which.
        keeps: whether it remembers the errand.
    """

    def __init__(self, task, *, keeps=True):
        self.task, self.keeps, self.board = task, keeps, None

    def __call__(self, state):
        if self.board is None:
            self.board = drawn(*self.task.rooms, state.plan)
            rows, columns = self.task._rooms.square(self.task._squares)
            self.spots = list(zip(np.asarray(rows), np.asarray(columns), strict=True))
        wanted = [self.spots[state.asked[0]]] if self.keeps else self.spots
        where = int(state.row), int(state.column)
        free = lambda place: self._floor(place) and (place in wanted or place not in self.spots)  # noqa: E731
        return towards(free, where, lambda place: place in wanted, MOVES)

    def _floor(self, place):
        return self.board.squares[*np.add(place, self.board.margin), 0] != 1


@pytest.mark.parametrize(("keeps", "score"), [(True, 13.2), (False, -6.4)])
def test_what_players_score(keeps, score):
    """The second way round depends on which of equally near objects is taken."""
    task = Errands((2, 2), 100)
    steps = played_by(task, lambda _: Walker(task, keeps=keeps), 200, task.length - 1)
    assert_scores(steps.reward.sum(0), score, 0.1)


def test_a_uniform_walk():
    assert_scores(uniform_returns(Errands((2, 2), 100), 99), -0.33, 0.02)


def test_nothing_tells_the_errand_once_it_was_shown():
    task = Errands((2, 2), 100)
    state = task.draw(jax.random.key(0))
    state = task.advance(state, jnp.int32(0), jax.random.key(1))
    seen = [
        task.observe(replace(state, asked=jnp.asarray([number], jnp.int32))).observation
        for number in range(3)
    ]
    assert all(np.array_equal(seen[0][name], other[name]) for other in seen for name in other)


def test_pixels_are_the_symbols():
    assert_pixels_are_the_symbols(Errands)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"rooms": (1, 4)}, r"rooms is \(1, 4\), expected at least 2 rows and 2 columns"),
        ({"rooms": (3, 4)}, "rooms is 3 x 4, expected"),
        ({"length": 1}, "length is 1, expected at least 2"),
        ({"length": 4, "briefing": True}, "length is 4, expected at least 5"),
        ({"shown": 0}, "shown is 0, expected at least 1"),
    ],
)
def test_settings_that_make_no_task(settings, message):
    with pytest.raises(ValueError, match=message):
        Errands(**settings)
