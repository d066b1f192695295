"""Word learning: as the rules say, step by step, and worth what scripted players score."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from engrax.envs import WordLearning
from engrax.envs.grid.tables import MOVES
from engrax.envs.word_learning import FIND, NAMES
from engrax.testing.contract import quick_jit

from oracles.word_learning import episode
from unit.envs.steps import assert_as_told, ending, played

EPISODES = 1000
SETTINGS = ("lessons", "named", "show", "reach", "patience")


def longest(task):
    phases = task.lessons * (1 + max(task.distractors)) + (task.lessons > 1)
    return phases * (3 * task.show + task.patience + 1)


@pytest.mark.parametrize(
    "task",
    [
        WordLearning(),
        WordLearning((0, 1), lessons=2, show=1, reach=1, patience=3),
        WordLearning((1,), named=2, patience=3),
    ],
)
def test_every_step_is_as_the_rules_say(task):
    play = quick_jit(lambda actions, key: played(task, actions, key))
    sizes = {name: getattr(task, name) for name in SETTINGS}
    numbers, endings = np.random.default_rng(0), set()
    for seed in range(30):
        actions = numbers.integers(0, 8, longest(task)).astype(np.int32)
        if seed % 3:  # straight lines reach objects more often
            actions = np.repeat(actions, task.patience)[: actions.size]
        states, steps = jax.tree.map(np.asarray, play(jnp.asarray(actions), jax.random.key(seed)))
        deal = int(states.distractors[0]), states.names[0], states.objects[0]
        tests = list(zip(states.homes.tolist(), states.asked.tolist(), strict=True))
        wanted = episode(deal, actions.tolist(), tests, **sizes)
        found = (
            steps.observation["symbols"], steps.observation["text"], steps.reward,
            steps.discount, steps.first, steps.last, steps.info["success"],
            steps.info["lesson"], steps.effective,
        )  # fmt: skip
        assert_as_told(found, wanted)
        endings.add(ending(steps, wanted))
    assert endings == {(1.0, 0.0), (0.0, 0.0), (0.0, 1.0)}


def score(task, player, episodes=EPISODES):
    """Mean success and mean return of a player, who maps a state and a key to an action."""

    def one(key):
        def tick(carry, number):
            state, over, success, total = carry
            step = task.observe(state)
            success = success | (~over & step.info["success"])
            total = total + jnp.where(over, 0.0, step.reward)
            keys = jax.random.split(jax.random.fold_in(key, number))
            action = player(task, state, keys[0])
            after = task.advance(state, action, keys[1])
            return (after, over | step.last, success, total), None

        no = jnp.zeros((), bool)
        start = (task.draw(key), no, no, jnp.float32(0))
        return jax.lax.scan(tick, start, jnp.arange(longest(task)))[0][2:]

    keys = jax.random.split(jax.random.key(0), episodes)
    return tuple(float(jnp.mean(part)) for part in jax.jit(jax.vmap(one))(keys))


def remembers(lessons):
    """Walks to the named object if its lesson is among the last so many taught, else to any."""

    def player(task, state, key):
        newest = state.phase // 2  # the lesson taught last, in an episode of one lesson
        known = newest - task.observe(state).info["lesson"] < lessons
        guess = jax.random.randint(jax.random.fold_in(key, 0), (), 0, 3)
        guess = jnp.where(state.clock == 0, guess, _walked_to(state))
        return state.homes[jnp.where(known, state.asked, guess)]

    return player


def _walked_to(state):
    """The object in whose direction the agent is walking."""
    moves = jnp.asarray(list(MOVES.values()), jnp.int32)[state.homes]
    down, along = jnp.sign(state.row - 5), jnp.sign(state.column - 5)
    return jnp.argmax((moves[:, 0] == down) & (moves[:, 1] == along))


def walks(task, state, key):
    """Moves anywhere."""
    return jax.random.randint(key, (), 0, 8, jnp.int32)


@pytest.mark.parametrize(
    ("distractors", "player", "success", "total"),
    [
        (0, remembers(99), 1.0, 1.0),
        (10, remembers(99), 1.0, 11.0),
        (2, remembers(3), 1.0, 3.0),
        (10, remembers(3), 0.337, 10.34),
        (1, remembers(1), 0.333, 1.333),
        (10, remembers(1), 0.332, 10.33),
        (0, remembers(0), 0.331, 0.333),
        (10, remembers(0), 0.331, 3.667),
    ],
)
def test_what_players_score(distractors, player, success, total):
    task = WordLearning((distractors,), show=1, reach=1, patience=2)
    found = score(task, player)
    assert abs(found[0] - success) <= 4 * np.sqrt(success * (1 - success) / EPISODES) + 1e-6
    assert abs(found[1] - total) <= 4 * np.sqrt((1 + distractors) * 0.25 / EPISODES) + 0.01


def test_where_one_object_is_taught_it_is_asked_for():
    task = WordLearning((1,), named=1, show=1, reach=1, patience=2)
    assert score(task, lambda task, state, key: state.homes[0], 100) == (1.0, 2.0)
    assert abs(score(task, remembers(0))[0] - 1 / 3) < 4 * np.sqrt(2 / 9 / EPISODES)


@pytest.mark.parametrize(("reach", "success"), [(1, 0.216), (2, 0.113), (3, 0.046)])
def test_random_walks(reach, success):
    found, _ = score(WordLearning((0,), show=1, reach=reach), walks, 4000)
    assert abs(found - success) < 4 * np.sqrt(success * (1 - success) / 4000)


def test_the_first_of_several_lessons_is_asked_for_again():
    task = WordLearning((1,), lessons=3, show=1, reach=1, patience=2)

    def lessons_tested(task, state, key):
        return state.homes[state.asked]

    assert score(task, lessons_tested, 50) == (1.0, 7.0)
    states, steps = played(task, jnp.zeros(longest(task), jnp.int32), jax.random.key(0))
    end = int(jnp.argmax(steps.last))
    assert int(steps.info["lesson"][end]) == 0
    tested = steps.info["lesson"][: end + 1][np.asarray(steps.effective[: end + 1])]
    assert list(dict.fromkeys(tested.tolist())) == [1, 0, 3, 2, 5, 4]
    assert states.phase[end] == 3 * 4


def test_nothing_of_names_and_objects_is_seen_before_they_are_shown():
    """With other tables for later places nothing differs before the second showing."""
    task, key = WordLearning((0,)), jax.random.key(0)
    state = task.draw(key)
    other = replace(state, names=state.names ^ 0x5A5A5A5A, objects=state.objects ^ 0x33333333)
    shows = quick_jit(lambda state, clock: task.observe(replace(state, clock=clock)).observation)
    one, two = shows(state, jnp.int32(0)), shows(other, jnp.int32(0))
    others = np.ones((11, 11), bool)
    others[4, 5] = False
    np.testing.assert_array_equal(one["symbols"][others], two["symbols"][others])
    assert not np.array_equal(one["symbols"][4, 5], two["symbols"][4, 5])


def test_the_question_and_the_places_change_with_every_test():
    task = WordLearning((20,), show=1, reach=1, patience=1)
    states, steps = played(task, jnp.zeros(longest(task), jnp.int32), jax.random.key(3))
    tests = np.asarray((steps.observation["text"][:, 0] == FIND) & steps.effective)
    assert tests.sum() >= 21
    assert len({tuple(places) for places in states.homes[tests].tolist()}) > 15
    assert set(states.asked[tests].tolist()) == {0, 1, 2}
    words = steps.observation["text"][:, 1]
    taught = set(words[steps.observation["text"][:, 0] == 1].tolist())
    assert len(taught) == 63
    assert len(set(NAMES)) == 64


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"distractors": ()}, r"distractors is \(\), expected numbers from 0 on"),
        ({"distractors": (-1,)}, r"distractors is \(-1,\), expected numbers from 0 on"),
        ({"distractors": (21,)}, "these are 22 lessons in an episode, but there are names for 21"),
        ({"lessons": 0}, "lessons is 0, expected at least 1"),
        ({"named": 4}, "named is 4, expected 1 to 3"),
        ({"show": 0}, "show is 0, expected at least 1"),
        ({"patience": 0}, "patience is 0, expected at least 1"),
        ({"reach": 5}, "reach is 5, expected 1 to 4"),
    ],
)
def test_settings_that_make_no_task(settings, message):
    with pytest.raises(ValueError, match=message):
        WordLearning(**settings)
