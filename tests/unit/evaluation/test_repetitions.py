"""Means by repetition: of episodes that were played, against a plain loop over their steps."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from contract.reference_worlds import StepByStep

from engrax.envs import VisuomotorMapping, Wayfinding
from engrax.evaluation.play import play
from engrax.evaluation.repetitions import Repetitions, means_of
from engrax.types import Repeated

REPEATED = Repeated("moves", "round", "over", 3)


def test_sums_are_those_of_a_loop():
    numbers = np.random.default_rng(0)
    steps, episodes = 40, 5
    rounds = numbers.integers(0, 5, (steps, episodes))
    moves, over = numbers.integers(1, 9, rounds.shape), numbers.random(rounds.shape) < 0.4
    lengths = numbers.integers(10, steps, episodes)
    found = Repetitions.none(REPEATED, episodes)
    total, count = np.zeros((episodes, 3)), np.zeros((episodes, 3), int)
    for time in range(steps):
        info = {"moves": moves[time], "round": rounds[time], "over": over[time]}
        info = {name: jnp.asarray(value.astype(value.dtype)) for name, value in info.items()}
        found = found.after(info, jnp.asarray(time < lengths))
        for episode in range(episodes):
            which = rounds[time, episode]
            if time < lengths[episode] and over[time, episode] and which < 3:
                total[episode, which] += moves[time, episode]
                count[episode, which] += 1
    np.testing.assert_array_equal(found.total, total)
    np.testing.assert_array_equal(found.count, count)


def test_later_repetitions_that_few_episodes_reach_are_left_out():
    total = jnp.asarray([[8.0, 6.0, 1.0]] * 9 + [[4.0, 0.0, 0.0]])
    count = jnp.asarray([[2, 1, 1]] * 9 + [[1, 0, 0]], jnp.int32)
    first, second, third = means_of(Repetitions(total, count, REPEATED))
    assert (first.number, first.mean.value, first.reached) == (0, 4.0, 1.0)
    assert (second.mean.value, second.reached, third.reached) == (6.0, 0.9, 0.9)
    assert len(means_of(Repetitions(total, count.at[0, 1].set(0), REPEATED))) == 1


@pytest.mark.parametrize(
    ("task", "least"), [(VisuomotorMapping(12), 3), (Wayfinding((2, 2), 40), 0)]
)
def test_played_episodes_have_them(task, least):
    from engrax.experiments.presets import PRESETS

    agent = PRESETS["debug"].agent.build(task.interface, key=jax.random.key(0))
    played, on_the_host = (play(agent, w, episodes=20, seed=0) for w in (task, StepByStep(task)))
    np.testing.assert_array_equal(played.repetitions.count, on_the_host.repetitions.count)
    np.testing.assert_array_equal(played.repetitions.total, on_the_host.repetitions.total)
    means = means_of(played.repetitions)
    assert len(means) >= least
    assert played.repetitions.count.shape == (20, task.interface.repeated.most)
    if least:  # every trial ends one
        assert np.asarray(played.repetitions.count).sum() <= 20 * 12
        np.testing.assert_allclose(np.asarray(played.repetitions.total).sum(1), played.returns)


def test_a_task_without_repetitions_has_none():
    nothing = Repetitions.none(None, 4)
    assert nothing.after({}, jnp.ones(4, bool)) is nothing
    assert means_of(nothing) == ()
