"""Hidden velocities: what is shown, and what `info` says of the rest."""

import gymnasium
import numpy as np
import pytest

SHOWN = {"CartPole": [0, 2], "Pendulum": [0, 1]}
HIDDEN = {"CartPole": [1, 3], "Pendulum": [2]}
WHOLE = {"CartPole": "CartPole-v1", "Pendulum": "Pendulum-v1"}


@pytest.mark.parametrize("name", SHOWN)
def test_positions_are_shown_and_info_has_the_signs_of_the_velocities(name):
    env, whole = gymnasium.make(f"engrax/{name}Hidden-v0"), gymnasium.make(WHOLE[name])
    (seen, info), (full, _) = env.reset(seed=3), whole.reset(seed=3)
    env.action_space.seed(0)
    for step in range(8):
        np.testing.assert_array_equal(seen, full[SHOWN[name]])
        assert env.observation_space.contains(seen)
        assert info["hidden_positive"].tolist() == (full[HIDDEN[name]] > 0).tolist()
        assert info["hidden_known"].tolist() == [step > 0] * len(HIDDEN[name])
        action = env.action_space.sample()
        seen, reward, *ends, info = env.step(action)
        full, same, *ended, _ = whole.step(action)
        assert (reward, ends) == (same, ended)
