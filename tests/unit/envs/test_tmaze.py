"""The T-maze's values, measured with scripted players."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from engrax.envs import TMaze
from engrax.envs.tmaze import DOWN, LEFT, RIGHT, UP
from engrax.testing.contract import quick_jit

LENGTH, EPISODES = 6, 60
STEPS = LENGTH + 2


def remembers(sign, time):
    """Walks right, and turns as the sign says."""
    return jnp.where(time < LENGTH, RIGHT, jnp.where(sign, UP, DOWN))


def forgets(sign, time):
    """Walks right, and always turns up."""
    return jnp.where(time < LENGTH, RIGHT, UP)


def dawdles(sign, time):
    """Waits for a step at the start, and does the rest as it should."""
    return jnp.where(time == 0, UP, remembers(sign, time))


def returns_by_time(sign, time):
    """Walks back and forth once."""
    return jnp.where(time == 2, LEFT, remembers(sign, time))


@quick_jit
def episodes(player_index):
    """Steps [episodes, time] of one of the players."""
    players = (remembers, forgets, dawdles, returns_by_time)
    maze = TMaze(LENGTH)

    def tick(carry, key):
        state, step, sign = carry
        sign = jnp.where(step.first, step.observation["vector"][0] > 0, sign)
        actions = jnp.stack([player(sign, state.time) for player in players])
        state, after = maze.step(state, actions[player_index].astype(jnp.int32), key)
        return (state, after, sign), step

    opening = (*maze.reset(jax.random.key(0)), jnp.zeros((), bool))
    steps = jax.lax.scan(tick, opening, jax.random.split(jax.random.key(1), EPISODES * STEPS))[1]
    return jax.tree.map(lambda leaf: leaf.reshape(EPISODES, STEPS, *leaf.shape[1:]), steps)


def test_an_episode_of_one_who_remembers():
    steps = jax.tree.map(np.asarray, episodes(0))
    seen = steps.observation["vector"]
    np.testing.assert_array_equal(steps.reward, np.eye(STEPS)[[STEPS - 1] * EPISODES])
    np.testing.assert_array_equal(seen[:, 0, :2].sum(-1), 1)
    assert np.all(seen[:, 1:, :2] == 0)
    np.testing.assert_array_equal(seen[0, :, 2], np.arange(STEPS) >= LENGTH)
    np.testing.assert_array_equal(steps.first, [np.arange(STEPS) == 0] * EPISODES)
    np.testing.assert_array_equal(steps.last, [np.arange(STEPS) == STEPS - 1] * EPISODES)
    assert np.all(steps.info["success"][:, -1])
    assert 0.3 < seen[:, 0, 0].mean() < 0.7


def test_one_who_forgets_is_right_half_of_the_time():
    steps = episodes(1)
    reward = np.asarray(steps.reward).sum(1)
    np.testing.assert_array_equal(reward, np.asarray(steps.observation["vector"])[:, 0, 0])
    assert TMaze(LENGTH).interface.chance == 0.5


@pytest.mark.parametrize(("player", "late"), [(2, LENGTH), (3, LENGTH - 2)])
def test_one_who_loses_time_pays_for_every_step_from_then_on(player, late):
    steps = episodes(player)
    np.testing.assert_allclose(np.asarray(steps.reward).sum(1), -late / LENGTH, rtol=1e-5)
    assert not np.any(steps.info["success"])


def test_a_corridor_has_a_square():
    with pytest.raises(ValueError, match="length is 0, expected at least 1: squares to walk"):
        TMaze(0)
