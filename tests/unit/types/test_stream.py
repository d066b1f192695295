"""Time steps and segments: which transitions are void, and which are effective."""

import jax
import jax.numpy as jnp
import numpy as np

from engrax.nn.policies import Categorical
from engrax.types import Segment, TimeStep, tree_where

LAST = jnp.asarray([False, True, False, False, True])
FIRST = jnp.asarray([True, False, True, False, False])


def segment(steps):
    actions = jnp.arange(5, dtype=jnp.int32)
    policy = Categorical(jnp.zeros((5, 2)))
    keys = jax.random.split(jax.random.key(0), 5)
    return Segment(steps, actions, policy, jnp.zeros(5), keys, None)


def time_step(**effective):
    numbers = jnp.arange(5, dtype=jnp.float32)
    return TimeStep({"vector": numbers[:, None]}, numbers, jnp.ones(5), FIRST, LAST, **effective)


def test_every_action_has_an_effect_if_not_said_otherwise():
    steps = time_step()
    np.testing.assert_array_equal(steps.effective, [True] * 5)
    assert steps.effective.dtype == jnp.bool_
    assert dict(steps.info) == {}


def test_transitions_out_of_a_last_step_are_void_and_never_effective():
    np.testing.assert_array_equal(segment(time_step()).void, [False, True, False, False])
    np.testing.assert_array_equal(segment(time_step()).effective, [True, False, True, True])
    some = jnp.asarray([False, True, True, False, True])
    found = segment(time_step(effective=some))
    np.testing.assert_array_equal(found.effective, [False, False, True, False])


def test_inputs_and_actions_of_a_segment():
    found = segment(time_step())
    np.testing.assert_array_equal(found.actions, [1, 2, 3, 4])
    np.testing.assert_array_equal(found.inputs.previous_action, [0, 1, 2, 3, 4])
    np.testing.assert_array_equal(found.inputs.previous_reward, [0, 1, 2, 3, 4])
    np.testing.assert_array_equal(found.inputs.first, FIRST)


def test_trees_are_chosen_as_a_whole():
    one, other = {"a": jnp.ones(2), "b": jnp.ones(())}, {"a": jnp.zeros(2), "b": jnp.zeros(())}
    chosen = tree_where(jnp.asarray(True), one, other)
    np.testing.assert_array_equal(chosen["a"], [1, 1])
    assert tree_where(jnp.asarray(False), one, other)["b"] == 0
