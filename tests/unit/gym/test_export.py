"""The Memory Game in Gymnasium: the task's steps, its own seeds, and clear errors."""

import gymnasium
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from engrax.envs import MemoryGame
from engrax.envs.memory_game.gymnasium_env import GymnasiumMemoryGame

from oracles.memory_game import MemoryGameOracle


@pytest.mark.parametrize("view", ["pixels", "symbols"])
def test_gymnasium_checker(view):
    check_env(gymnasium.make("engrax/MemoryGame-v0", pairs=3, view=view, scale=2).unwrapped)


@pytest.mark.parametrize("view", ["pixels", "symbols"])
def test_it_plays_the_task(view):
    env, task = gymnasium.make("engrax/MemoryGame-v0", pairs=4, view=view), MemoryGame(4, view)
    observe, advance, numbers = jax.jit(task.observe), jax.jit(task.advance), np.random.default_rng(0)
    for episode in range(3):
        seen, info = env.reset(seed=episode)
        state, key = env.unwrapped._turn[0], jax.random.key(0)
        oracle = MemoryGameOracle(info["cards"])
        while True:
            step = observe(state)
            np.testing.assert_array_equal(seen[task.modality], step.observation[task.modality])
            for name, value in step.info.items():
                np.testing.assert_array_equal(info[name], value)
            if oracle.last:
                break
            action = oracle.choose(numbers)
            oracle.flip(action)
            state = advance(state, jnp.int32(action), key)
            seen, reward, terminated, truncated, info = env.step(action)
            assert (reward, terminated, truncated) == (oracle.reward, oracle.last, False)


def test_seeds():
    env = GymnasiumMemoryGame(8, view="symbols")
    cards = [env.reset(seed=seed)[1]["cards"].tolist() for seed in (0, None, None, 0, None, 1)]
    assert cards[0] == cards[3]
    assert cards[1] == cards[4]
    assert len({tuple(deal) for deal in cards}) == 4


def test_no_step_without_an_episode():
    env = GymnasiumMemoryGame(1, view="symbols")
    with pytest.raises(gymnasium.error.ResetNeeded, match="reset"):
        env.step(0)
    env.reset(seed=0)
    assert [env.step(0)[2] for _ in range(3)] == [False, False, True]
    with pytest.raises(gymnasium.error.ResetNeeded, match="reset"):
        env.step(0)
    env.reset()
    env.step(np.int64(1))


@pytest.mark.parametrize("action", [6, -1, np.int64(6)])
def test_bad_actions(action):
    env = GymnasiumMemoryGame(3, view="symbols")
    env.reset(seed=0)
    with pytest.raises(ValueError, match=r"action is .*(6|-1).*0 to 5"):
        env.step(action)


def test_bad_arguments():
    with pytest.raises(ValueError, match="render_mode is 'human'"):
        GymnasiumMemoryGame(render_mode="human")
    with pytest.raises(ValueError, match="pairs is 9"):
        GymnasiumMemoryGame(9)


@pytest.mark.parametrize("view", ["pixels", "symbols"])
def test_rendering(view):
    env = GymnasiumMemoryGame(3, view=view, render_mode="rgb_array")
    assert env.render() is None
    seen, _ = env.reset(seed=0)
    seen[env.task.modality][:] = 1  # the caller's own
    picture = env.render()
    assert (picture.dtype, picture.ndim) == (np.uint8, 3)
    assert picture.max() == 160
    env.step(0)
    assert env.render().max() == 255
    assert GymnasiumMemoryGame(3, view=view).render() is None
