"""The previous action and reward as features, for every kind of action."""

import jax.numpy as jnp
import numpy as np
import pytest

from engrax.nn.senses import action_code, code_size, past_features, past_size
from engrax.types import AgentInput, Continuous, Discrete, MultiDiscrete

CASES = {
    "discrete": (Discrete(3), [2, 1, 0], [[0, 0, 1], [0, 1, 0], [1, 0, 0]]),
    "multi_discrete": (
        MultiDiscrete((2, 3)),
        [[1, 2], [0, 1], [0, 0]],
        [[0, 1, 0, 0, 1], [1, 0, 0, 1, 0], [1, 0, 1, 0, 0]],
    ),
    "continuous": (
        Continuous((0.0, -2.0), (1.0, 2.0)),
        [[1.0, -2.0], [0.25, 0.0], [0.0, 1.0]],
        [[1, -1], [-0.5, 0], [-1, 0.5]],
    ),
}


def inputs(actions, taken, first):
    """Three inputs after the actions `taken`."""
    rewards = jnp.asarray([0.5, -1.0, 2.0])
    return AgentInput({}, jnp.asarray(taken, actions.dtype), rewards, jnp.asarray(first))


@pytest.mark.parametrize(("actions", "taken", "codes"), CASES.values(), ids=CASES)
def test_the_code_whether_there_was_none_and_the_reward(actions, taken, codes):
    features = past_features(inputs(actions, taken, [False] * 3), actions)
    expected = np.concatenate([codes, np.zeros((3, 1)), [[0.5], [-1.0], [2.0]]], axis=1)
    assert features.dtype == jnp.float32
    assert features.shape == (3, past_size(actions))
    np.testing.assert_allclose(features, expected, atol=1e-6)
    code = action_code(actions, jnp.asarray(taken, actions.dtype))
    assert code.shape == (3, code_size(actions))
    np.testing.assert_allclose(code, codes, atol=1e-6)


@pytest.mark.parametrize(("actions", "taken", "codes"), CASES.values(), ids=CASES)
def test_at_first_there_was_no_action_and_no_reward(actions, taken, codes):
    del codes
    features = np.asarray(past_features(inputs(actions, taken, [True, False, True]), actions))
    nothing = np.zeros(past_size(actions))
    nothing[-2] = 1.0
    np.testing.assert_array_equal(features[[0, 2]], [nothing, nothing])
    assert np.any(features[1] != nothing)


@pytest.mark.parametrize("actions", [case[0] for case in CASES.values()])
def test_one_step_has_no_leading_axis(actions):
    inp = AgentInput({}, actions.none(), jnp.zeros(()), jnp.asarray(False))
    assert past_features(inp, actions).shape == (past_size(actions),)
