"""Hidden objects: as the rules say, step by step, and worth what scripted players score."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from engrax.envs import HiddenObjects
from engrax.testing.contract import quick_jit

from oracles.hidden_objects import episode
from unit.envs.steps import assert_as_told, assert_pixels_are_the_symbols, ending, played

EPISODES = 2000
SMALL = HiddenObjects((2, 3), show=2, gap=1, max_delay=3, reach=2, patience=6)


@pytest.mark.parametrize("task", [SMALL, HiddenObjects(reach=1, patience=8)])
def test_every_step_is_as_the_rules_say(task):
    longest = max(task.objects) * (task.show + task.gap) + task.max_delay + task.patience
    play = quick_jit(lambda actions, key: played(task, actions, key))
    numbers, endings = np.random.default_rng(0), set()
    for seed in range(25):
        actions = numbers.integers(0, 8, longest).astype(np.int32)
        if seed % 2:  # a straight line reaches boxes more often
            actions[:] = actions[0]
        states, steps = jax.tree.map(np.asarray, play(jnp.asarray(actions), jax.random.key(seed)))
        state = jax.tree.map(lambda x: x[0], states)
        deal = [int(state.count), int(state.target), int(state.delay)]
        deal += [leaf.tolist() for leaf in (state.homes, state.shapes, state.colours)]
        sizes = {name: getattr(task, name) for name in ("show", "gap", "reach", "patience")}
        wanted = episode(deal, actions.tolist(), **sizes)
        found = (
            steps.observation["symbols"], steps.observation["text"][:, 0], steps.reward,
            steps.discount, steps.first, steps.last, steps.info["success"], steps.info["seen"],
        )  # fmt: skip
        assert_as_told(found, wanted)
        endings.add(ending(steps, wanted))
    assert endings == {(1.0, 0.0), (0.0, 0.0), (0.0, 1.0)}


def score(task, player, episodes=EPISODES):
    """The share of episodes that a player wins; it maps a state and a key to an action."""

    def one(key):
        state, _ = task.reset(key)
        chosen = jax.random.fold_in(key, 1)

        def tick(carry, time):
            state, over, won = carry
            step = task.observe(state)
            won = won | (~over & step.info["success"])
            over = over | step.last
            action = player(state, chosen, jax.random.fold_in(chosen, time))
            return (task.advance(state, action, key), over, won), None

        longest = max(task.objects) * (task.show + task.gap) + task.max_delay + task.patience
        start = (state, jnp.zeros((), bool), jnp.zeros((), bool))
        return jax.lax.scan(tick, start, jnp.arange(longest + 1))[0][2]

    keys = jax.random.split(jax.random.key(0), episodes)
    return float(jnp.mean(jax.jit(jax.vmap(one))(keys)))


def remembers(last):
    """Walks to the named object if it is among the last so many shown, else to any other box."""

    def player(state, chosen, now):
        boxes = jnp.arange(state.homes.size)
        kept = (boxes >= state.count - last) & (boxes < state.count)
        left = (boxes < state.count) & ~kept
        any_left = jax.random.categorical(chosen, jnp.where(left, 0.0, -jnp.inf))
        box = jnp.where(kept[state.target], state.target, any_left)
        return state.homes[box]

    return player


def walks(state, chosen, now):
    """Moves anywhere."""
    return jax.random.randint(now, (), 0, 8, jnp.int32)


@pytest.mark.parametrize(
    ("count", "player", "share"),
    [
        (2, remembers(0), 0.501), (2, remembers(1), 1.0), (2, walks, 0.107),
        (4, remembers(0), 0.247), (4, remembers(1), 0.502), (4, remembers(2), 0.752),
        (4, remembers(4), 1.0), (4, walks, 0.099),
        (8, remembers(1), 0.250), (8, remembers(4), 0.624), (8, walks, 0.089),
    ],
)  # fmt: skip
def test_what_players_score(count, player, share):
    task = HiddenObjects((count,), show=1, gap=0, max_delay=0)
    found, error = score(task, player), np.sqrt(share * (1 - share) / EPISODES)
    assert abs(found - share) <= 4 * error + 0.001


def test_a_walk_close_to_boxes():
    share = score(HiddenObjects(show=1, gap=0, max_delay=0, reach=1), walks)
    assert abs(share - 0.205) < 4 * np.sqrt(0.205 * 0.795 / EPISODES)


def test_nothing_of_what_is_hidden_is_seen():
    """Before an object is shown, and once it is hidden again, any other could be there."""
    task, key = HiddenObjects(max_delay=0), jax.random.key(0)
    state = task.draw(key)
    other = replace(
        state,
        shapes=(state.shapes + 1) % 15,
        colours=(state.colours + 1) % 19,
        target=(state.target + 1) % 4,
    )
    shows = quick_jit(lambda state, step: task.observe(replace(state, step=step)).observation)
    for time in range(4 * 5):
        one, two = shows(state, jnp.int32(time)), shows(other, jnp.int32(time))
        same = all(np.array_equal(one[name], two[name]) for name in one)
        assert same == (time % 5 >= 3)


def test_one_program_plays_all_numbers_of_boxes_and_delays():
    task = HiddenObjects((2, 4, 8), min_delay=5, max_delay=7)
    states = jax.vmap(task.draw)(jax.random.split(jax.random.key(0), 600))
    for values, wanted in ((states.count, (2, 4, 8)), (states.delay, (5, 6, 7))):
        found, counts = np.unique(values, return_counts=True)
        assert found.tolist() == list(wanted)
        assert counts.min() > 150
    assert (states.target < states.count).all()
    assert task.interface.chance == pytest.approx((1 / 2 + 1 / 4 + 1 / 8) / 3)


def test_pixels_are_the_symbols():
    assert_pixels_are_the_symbols(HiddenObjects)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"objects": ()}, r"objects is \(\), expected numbers from 1 to 8"),
        ({"objects": (4, 9)}, r"objects is \(4, 9\), expected numbers from 1 to 8"),
        ({"reach": 5}, "reach is 5, expected 1 to 4"),
        ({"min_delay": 9, "max_delay": 3}, "min_delay is 9 and max_delay is 3, expected"),
        ({"max_delay": 10**6}, "max_delay is 1000000, expected 0 to 100000"),
        ({"show": 0}, "show is 0, expected at least 1"),
        ({"gap": -1}, "gap is -1, expected at least 0"),
        ({"patience": 0}, "patience is 0, expected at least 1"),
        ({"view": "smell"}, "view is 'smell', expected one of symbols, pixels"),
    ],
)
def test_settings_that_make_no_task(settings, message):
    with pytest.raises(ValueError, match=message):
        HiddenObjects(**settings)
