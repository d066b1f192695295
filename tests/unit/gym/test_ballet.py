"""Ballet as a Gymnasium environment plays the episodes of the released one."""

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from engrax.envs.ballet import ballet_level
from engrax.gym.ballet import GymnasiumBallet

from oracles.ballet import Oracle


@pytest.mark.parametrize(("level", "view"), [("2_delay16", "pixels"), ("4_delay16", "symbols")])
def test_gymnasium_plays_the_released_episodes_in_a_row(level, view):
    env = gymnasium.make("engrax/Ballet-v0", level=level, view=view)
    task = ballet_level(level)
    oracle = Oracle(task.num_dancers, task.dance_delay, np.random.default_rng(3))
    actions = np.random.default_rng(4)
    seen, info = env.reset(seed=3)
    for episode in range(3):
        expected = oracle.reset()
        if episode:
            seen, info = env.reset()
        while True:
            modality = {"pixels": "image", "symbols": "symbols"}[view]
            np.testing.assert_array_equal(seen[modality], expected[modality])
            assert info["instruction"] == expected["instruction"]
            if expected["last"]:
                break
            action = actions.integers(8)
            seen, reward, terminated, truncated, info = env.step(action)
            expected = oracle.step(action)
            assert reward == expected["reward"]
            assert terminated == (expected["discount"] == 0)
            assert truncated == (expected["last"] and not terminated)
            assert info["success"] == bool(expected["reward"])


@pytest.mark.parametrize("view", ["pixels", "symbols"])
def test_gymnasium_checker(view):
    check_env(gymnasium.make("engrax/Ballet-v0", view=view).unwrapped)


def test_gymnasium_truncates():
    env = gymnasium.make(
        "engrax/Ballet-v0", max_steps=20, view="symbols", dances=("zee", "plus_cw", "plus_ccw")
    )
    env.reset(seed=0)
    for _ in range(19):
        assert env.step(0)[1:4] == (0.0, False, False)
    assert env.step(0)[1:4] == (0.0, False, True)
    with pytest.raises(gymnasium.error.ResetNeeded, match="reset"):
        env.step(0)


def test_gymnasium_observations_are_the_callers_own():
    env = GymnasiumBallet(2, view="symbols", render_mode="rgb_array")
    assert env.render() is None
    seen, _ = env.reset(seed=0)
    seen["symbols"][:] = 0
    assert env.render().shape == (99, 99, 3)
    assert env.render().any()


def test_gymnasium_errors():
    env = GymnasiumBallet(2, view="symbols")
    with pytest.raises(gymnasium.error.ResetNeeded, match="reset"):
        env.step(0)
    env.reset(seed=0)
    with pytest.raises(ValueError, match="action is 8"):
        env.step(8)
    with pytest.raises(ValueError, match="render_mode is 'human'"):
        GymnasiumBallet(render_mode="human")
    with pytest.raises(ValueError, match="no level '2_delay17'"):
        GymnasiumBallet(level="2_delay17")
