"""Key to door and visual match: as the rules say, and worth what scripted players score."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from engrax.envs import KeyToDoor, VisualMatch
from engrax.envs.delayed import LOWER, UPPER
from engrax.envs.grid import render
from engrax.envs.grid.patches import square_of
from engrax.envs.visual_match import HALL, WALLS
from engrax.testing.contract import quick_jit

from oracles import delayed
from unit.envs.steps import assert_as_told, followed, played

ACTIVE = VisualMatch(active=True, phases=(15, 90, 15))
NORTH, SOUTH, WEST, EAST = range(4)
EPISODES = 1000


def known_of(task):
    """The entry of `info` that says what the first phase was for."""
    return "has_key" if isinstance(task, KeyToDoor) else "saw"


def rules_of(task, own):
    if isinstance(task, KeyToDoor):
        return delayed.KeyToDoor(int(own.key), int(own.start))
    colours, numbers = own.colours.tolist(), (own.target, own.wall, own.start)
    return delayed.VisualMatch(task.active, colours, *map(int, numbers))


@pytest.mark.parametrize(
    "task",
    [
        KeyToDoor(),
        VisualMatch(),
        ACTIVE,
        VisualMatch(active=True, phases=(4, 1, 7), apple_rewards=(2.0,), fixed=True),
    ],
)
def test_every_step_is_as_the_rules_say(task):
    play = quick_jit(lambda actions, key: played(task, actions, key))
    numbers, solved = np.random.default_rng(0), set()
    for seed in range(40):
        actions = numbers.integers(0, 4, sum(task.phases) - 1).astype(np.int32)
        if seed % 2:  # northward walks find keys, doors and squares more often
            likely = numbers.random(actions.size) < 0.4
            actions[likely] = NORTH
        states, steps = jax.tree.map(np.asarray, play(jnp.asarray(actions), jax.random.key(seed)))
        state = jax.tree.map(lambda x: x[0], states)
        apples = state.apples.places.tolist(), float(state.apples.value)
        wanted = delayed.episode(rules_of(task, state.own), *apples, actions.tolist(), task.phases)
        known = steps.info[known_of(task)]
        found = (
            steps.observation["symbols"], steps.reward, steps.discount, steps.first,
            steps.last, steps.info["success"], known, steps.effective,
        )  # fmt: skip
        assert_as_told(found, wanted)
        total = steps.info["final_reward"] + steps.info["apple_reward"]
        np.testing.assert_array_equal(total, steps.reward)
        solved.add(bool(steps.info["success"].any()))
    assert solved == {True, False}


def score(task, player, episodes=EPISODES):
    """Means over episodes: success, final reward, apples taken, and what is known at the end."""

    def one(key):
        state, guess_key = task.draw(key), jax.random.fold_in(key, 1)

        def tick(state, number):
            step = task.observe(state)
            action = player(task, state, guess_key, jax.random.fold_in(key, 2 + number))
            return task.advance(state, action, key), step

        steps = jax.lax.scan(tick, state, jnp.arange(task.timeline.steps))[1]
        known = steps.info[known_of(task)][-1]
        apples = jnp.sum((steps.info["apple_reward"] > 0).astype(jnp.float32))
        return steps.info["success"][-1], jnp.sum(steps.info["final_reward"]), apples, known

    keys = jax.random.split(jax.random.key(0), episodes)
    means = [jnp.mean(part.astype(jnp.float32)) for part in jax.jit(jax.vmap(one))(keys)]
    return [float(mean) for mean in means]


def close(found, share, episodes=EPISODES):
    return abs(found - share) <= 4 * np.sqrt(share * (1 - share) / episodes) + 1e-6


def toward(state, row, column, rows_first=True):
    """The move to a square, along one axis and then the other."""
    down = jnp.where(state.row > row, NORTH, SOUTH)
    along = jnp.where(state.column > column, WEST, EAST)
    by_rows = (state.row != row) if rows_first else (state.column == column)
    return jnp.where(by_rows, down, along)


def anywhere(task, state, guess_key, key):
    return jax.random.randint(key, (), 0, 4, jnp.int32)


def takes_the_key(task, state, guess_key, key):
    """Through the passage to the key, and in the end north through the door."""
    row, column = square_of(UPPER, state.own.key)
    inside = jnp.clip(state.column, 4, 6)
    to_passage = toward(state, 2, inside, rows_first=False)
    below = state.row > 2
    move = jnp.where(below, to_passage, toward(state, row, column, rows_first=False))
    return jnp.where(task.timeline.at(state.step).phase == 0, move, NORTH)


def matches(remembers):
    """Looks around, and enters the square of the colour that it has seen and remembers, or any."""

    def player(task, state, guess_key, key):
        phase, elapsed = task.timeline.at(state.step)
        columns = jnp.asarray((2, 5, 8) if task.active else (2, 4, 6, 8))
        any_square = jax.random.randint(guess_key, (), 0, columns.size)
        known = state.own.seen & remembers
        column = columns[jnp.where(known, state.own.target, any_square)]
        below = state.row > HALL[0] + 1
        away = state.column != column
        enters = jnp.where(below, NORTH, jnp.where(away, toward(state, 1, column, False), NORTH))
        # to the middle of the lower room, up through the passage, and one square to either side
        row, column = square_of(LOWER, state.own.start)
        arrival = row - 4 + jnp.abs(column - 5) + 2
        up = jnp.where(state.row > 4, NORTH, toward(state, 2, 5, rows_first=False))
        first_west = (elapsed == arrival) | (state.column == 6)
        tour = jnp.where(elapsed < arrival, up, jnp.where(first_west, WEST, EAST))
        return jnp.where(phase == 0, tour, enters)

    return player


def test_key_to_door_is_solved_by_who_takes_the_key():
    success, final, _, has_key = score(KeyToDoor(), takes_the_key, 200)
    assert (success, final, has_key) == (1.0, 10.0, 1.0)


def test_who_walks_anywhere_scores_as_simulated():
    success, _, apples, has_key = score(KeyToDoor(), anywhere)
    assert close(success, 0.024)
    assert close(has_key, 0.094)
    assert abs(apples - 8.1) < 0.5
    success, _, _, saw = score(ACTIVE, anywhere)
    assert close(success, 0.045)
    assert close(saw, 0.62)


def test_the_colour_is_matched_by_who_saw_and_remembers_it():
    assert score(VisualMatch(), matches(True), 200)[:2] == [1.0, 10.0]
    success, _, _, saw = score(ACTIVE, matches(True))
    assert close(saw, 0.91)
    assert close(success, 0.94)


def test_without_memory_the_colour_is_guessed():
    success, final, _, _ = score(VisualMatch(), matches(False))
    assert close(success, 0.25)
    assert abs(final - 3.25) < 0.5
    assert VisualMatch().interface.chance == 1 / 4
    success, final, _, _ = score(ACTIVE, matches(False))
    assert close(success, 1 / 3)
    assert abs(final - 3.33) < 0.6
    assert ACTIVE.interface.chance == 1 / 3


@pytest.mark.parametrize("task", [VisualMatch(), ACTIVE])
def test_the_target_is_seen_in_the_first_phase_only(task):
    state = task.draw(jax.random.key(0))
    show = quick_jit(lambda state, step: task.observe(replace(state, step=step)).observation)
    other = replace(state, own=replace(state.own, target=(state.own.target + 1) % 3))
    for step in range(task.phases[0], task.timeline.steps):
        one, two = show(state, jnp.int32(step)), show(other, jnp.int32(step))
        np.testing.assert_array_equal(one["symbols"], two["symbols"])
    shown = replace(state.own, wall=jnp.int32(len(WALLS) - 4))  # in the wall south of the agent
    near = replace(state, column=jnp.int32(5), own=shown)
    far = replace(near, own=replace(shown, target=other.own.target))
    one, two = show(near, jnp.int32(0)), show(far, jnp.int32(0))
    assert not np.array_equal(one["symbols"], two["symbols"])


def test_where_the_key_is_shows_in_the_first_phase_only():
    task = KeyToDoor()
    state = task.draw(jax.random.key(0))
    far = replace(state, row=jnp.int32(5), column=jnp.int32(5))
    other = replace(far, own=replace(far.own, key=(far.own.key + 1) % 10))
    show = quick_jit(lambda state, step: task.observe(replace(state, step=step)).observation)
    for step in (0, *range(task.phases[0], task.timeline.steps)):
        one, two = show(far, jnp.int32(step)), show(other, jnp.int32(step))
        np.testing.assert_array_equal(one["symbols"], two["symbols"])
    one, two = (show(replace(s, row=jnp.int32(3)), jnp.int32(0)) for s in (far, other))
    assert not np.array_equal(one["symbols"], two["symbols"])


@pytest.mark.parametrize("task", [KeyToDoor(), VisualMatch(), ACTIVE])
def test_pixels_show_what_symbols_say(task):
    pixels = replace(task, view="pixels")
    state = task.draw(jax.random.key(0))
    for phase in range(3):
        now = replace(state, step=jnp.int32(sum(task.phases[:phase])))
        symbols, image = (one.observe(now).observation for one in (task, pixels))
        np.testing.assert_array_equal(image["image"], render(symbols["symbols"]))


def test_apples_come_again_after_twenty_steps():
    task = KeyToDoor(phases=(1, 60, 1), apple_rewards=(1.0,))
    state = task.draw(jax.random.key(1))
    places = jnp.arange(10, dtype=jnp.int32)
    state = replace(state, apples=replace(state.apples, places=places))
    actions = [NORTH] * 50  # the third apple is straight ahead, and then a wall
    follow = quick_jit(lambda state, actions: followed(task, state, actions, jax.random.key(0)))
    rewards = follow(state, jnp.asarray(actions, jnp.int32))[1].reward
    assert np.diff(np.flatnonzero(rewards)).tolist() == [21, 21]
    assert set(rewards.tolist()) == {0.0, 1.0}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"phases": (1, 2)}, r"phases is \(1, 2\), expected three numbers of steps from 1 on"),
        ({"phases": (0, 2, 3)}, r"phases is \(0, 2, 3\), expected three numbers"),
        ({"apple_rewards": ()}, r"apple_rewards is \(\), expected the rewards"),
    ],
)
@pytest.mark.parametrize("task", [KeyToDoor, VisualMatch])
def test_settings_that_make_no_task(task, settings, message):
    with pytest.raises(ValueError, match=message):
        task(**settings)
