"""The latent T-maze: as the rules say, step by step, and what players score."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from engrax.envs import LatentTMaze
from engrax.testing.contract import quick_jit

from oracles.latent_tmaze import episode
from unit.envs.players import anywhere, assert_scores, played_by
from unit.envs.steps import assert_as_told, assert_pixels_are_the_symbols, ending, played

NORTH, SOUTH, WEST, EAST = range(4)


@pytest.mark.parametrize(
    "task",
    [LatentTMaze(), LatentTMaze(arm=1, stem=2, delay=3), LatentTMaze(guided=True, explore=5)],
    ids=["default", "delayed", "guided"],
)
def test_every_step_is_as_the_rules_say(task):
    play = quick_jit(lambda actions, key: played(task, actions, key))
    numbers, endings = np.random.default_rng(0), set()
    names = ("arm", "stem", "explore", "delay", "guided")
    for seed in range(40):
        actions = numbers.integers(0, 4, task.explore + task.delay + 38).astype(np.int32)
        states, steps = jax.tree.map(np.asarray, play(jnp.asarray(actions), jax.random.key(seed)))
        looks, side = states.looks[0].tolist(), int(states.side[0])
        wanted = episode(
            looks, side, actions.tolist(), **{name: getattr(task, name) for name in names}
        )
        found = (
            steps.observation["symbols"], steps.reward, steps.discount, steps.last,
            steps.info["success"], steps.info["phase"],
        )  # fmt: skip
        assert_as_told(found, wanted)
        assert looks[0] != looks[1]
        endings.add(ending(steps, wanted))
    assert endings == {(1.0, 0.0), (0.0, 0.0), (0.0, 1.0)}


class Explorer:
    """Looks at one end, and goes to the one that pays; or to any end.

    Args:
        numbers: a random generator.
        remembers: whether it knows at the end what it has seen.
    """

    def __init__(self, numbers, *, remembers=True):
        self.numbers, self.remembers = numbers, remembers
        self.to = int(numbers.integers(2))

    def __call__(self, state):
        if state.phase == 1:
            return NORTH
        if state.phase == 3 and self.remembers:
            self.to = int(state.side)
        return NORTH if state.row > 1 else (WEST, EAST)[self.to]


def outcomes(task, player, episodes):
    """Whether each episode was won."""
    steps = played_by(task, player, episodes, task.explore + task.delay + 38)
    first = np.argmax(steps.last, 0)
    return steps.info["success"][first, np.arange(episodes)]


def test_what_players_score():
    """One end tells the other one, so a look at one is enough."""
    task = LatentTMaze(delay=2)
    assert outcomes(task, Explorer, 100).all()
    blind = outcomes(task, lambda numbers: Explorer(numbers, remembers=False), 400)
    assert_scores(blind, task.interface.chance)
    assert_scores(outcomes(LatentTMaze(), anywhere(4), 600), 0.352, 0.005)


def test_nothing_tells_the_side_in_the_last_phase_or_the_object_before_it_pays():
    task = LatentTMaze()
    state = task.draw(jax.random.key(0))
    last = replace(state, phase=jnp.int32(3))
    same = lambda *pair: np.testing.assert_array_equal(  # noqa: E731
        *(task.observe(one).observation["symbols"] for one in pair)
    )
    for column in (2, 3, 5, 6):
        there = replace(last, row=jnp.int32(1), column=jnp.int32(column))
        same(there, replace(there, side=1 - there.side))
        same(there, replace(there, looks=there.looks[::-1]))
        exploring = replace(there, phase=jnp.int32(0))
        same(exploring, replace(exploring, looks=exploring.looks[::-1], side=1 - exploring.side))


def test_pixels_are_the_symbols():
    assert_pixels_are_the_symbols(LatentTMaze)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"arm": 61}, "arm is 61, expected 1 to 60"),
        ({"stem": 0}, "stem is 0, expected 1 to 120"),
        ({"explore": 1}, "explore is 1, expected at least 2"),
        ({"delay": -1}, "delay is -1, expected at least 0"),
    ],
)
def test_settings_that_make_no_task(settings, message):
    with pytest.raises(ValueError, match=message):
        LatentTMaze(**settings)
