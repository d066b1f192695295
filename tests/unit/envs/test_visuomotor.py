"""Visuomotor mapping: as the rules say, step by step, and what players score."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from engrax.envs import VisuomotorMapping
from engrax.testing.contract import quick_jit

from oracles.visuomotor import episode
from unit.envs.players import assert_scores, played_by
from unit.envs.steps import assert_as_told, played


def test_every_step_is_as_the_rules_say():
    task, most = VisuomotorMapping(40), 0
    play = quick_jit(lambda actions, key: played(task, actions, key))
    for seed in range(12):
        numbers = np.random.default_rng(seed)
        actions = numbers.integers(0, 4, task.trials).astype(np.int32)
        if seed % 2:
            mistaken = numbers.random(task.trials) < 0.1
            actions = np.where(mistaken, actions, right_responses(task, actions, mistaken, seed))
        states, steps = jax.tree.map(np.asarray, play(jnp.asarray(actions), jax.random.key(seed)))
        wanted = episode(
            states.looks[0], states.responses[0].tolist(), states.order.tolist(), actions.tolist()
        )
        info = steps.info
        found = (
            steps.observation["symbols"], steps.reward, steps.last, info["images"],
            info["showing"], info["flawless"],
        )  # fmt: skip
        assert_as_told(found, wanted)
        most = max(most, info["images"][-1])
    assert most > 3


def right_responses(task, actions, mistaken, seed):
    """The right responses of the episode in which some trials take other actions instead."""
    key = jax.random.key(seed)

    def trial(state, now):
        action, wrong, number = now
        right = state.responses[task._image(state)]
        chosen = jnp.where(wrong, action, right)
        return task.advance(state, chosen, jax.random.fold_in(key, number)), right

    along = jnp.asarray(actions), jnp.asarray(mistaken), jnp.arange(task.trials, dtype=jnp.int32)
    return np.asarray(jax.lax.scan(trial, task.draw(key), along)[1])


class Player:
    """Remembers the responses of the last so many trials.

    Args:
        task: which.
        numbers: a random generator.
        kept: trials.
    """

    def __init__(self, task, numbers, kept):
        self.numbers, self.kept, self.past = numbers, kept, []

    def __call__(self, state):
        block = [int(image) for image in state.order if image < state.images]
        image = block[int(state.place)]
        kept = self.past[max(0, len(self.past) - self.kept) :]
        right = int(state.responses[image])
        known = state.showings[image] == 0 or image in kept
        response = right if known else int(self.numbers.integers(4))
        self.past.append(image if response == right else None)
        return response


@pytest.mark.parametrize(
    ("trials", "kept", "score"),
    [
        (60, 60, 60.0), (60, 0, 17.3), (60, 2, 22.2), (60, 5, 33.9),
        (12, 12, 12.0), (12, 0, 4.81), (12, 2, 7.6), (12, 5, 11.7),
    ],
)  # fmt: skip
def test_what_players_score(trials, kept, score):
    """What is remembered of a trial is its response, if that was right."""
    task = VisuomotorMapping(trials)
    steps = played_by(task, lambda numbers: Player(task, numbers, kept), 300, trials)
    assert_scores(steps.reward.sum(0), score, 0.1)


def test_the_response_is_told_once():
    task = VisuomotorMapping()
    state = task.draw(jax.random.key(0))
    told = int(task.observe(state).observation["symbols"][0, 0, 2])
    assert told == 1 + int(state.responses[0])
    state = task.advance(state, jnp.int32(0), jax.random.key(1))
    state = replace(state, showings=state.showings.at[:].set(1))
    other = replace(state, responses=(state.responses + 1) % 4)
    seen = [task.observe(one).observation["symbols"] for one in (state, other)]
    np.testing.assert_array_equal(*seen)


def test_a_picture_has_the_image_and_the_hinted_side():
    pixels, symbols = VisuomotorMapping(view="pixels"), VisuomotorMapping()
    seen = pixels.reset(jax.random.key(0))[1].observation["image"]
    colour, shape, hint = symbols.reset(jax.random.key(0))[1].observation["symbols"][0, 0]
    np.testing.assert_array_equal(
        seen, symbols.picture({"symbols": jnp.stack([colour, shape, hint])[None, None]})
    )
    bar = np.asarray(seen[:, 9:, 0]) == 255
    edges = [bar[:3].all(), bar[:, -3:].all(), bar[-3:].all(), bar[:, :3].all()]
    assert np.flatnonzero(edges).tolist() == [hint - 1]
    assert bar.sum() == 27


@pytest.mark.parametrize(
    ("trials", "message"),
    [(0, "trials is 0, expected at least 1"), (67, "trials is 67, expected at most 66")],
)
def test_settings_that_make_no_task(trials, message):
    with pytest.raises(ValueError, match=message):
        VisuomotorMapping(trials)
