"""Actions are checked where they enter."""

import jax.numpy as jnp
import numpy as np
import pytest

from engrax.errors import UserError
from engrax.gym.checks import checked_action
from engrax.types import Continuous, Discrete, Interface, MultiDiscrete, VectorSpec

INTERFACES = {
    "discrete": Interface({"a": VectorSpec(1)}, Discrete(6)),
    "named": Interface({"a": VectorSpec(1)}, Discrete(2), ("left", "right")),
    "several": Interface({"a": VectorSpec(1)}, MultiDiscrete((3, 2))),
    "real": Interface({"a": VectorSpec(1)}, Continuous((-1.0,), (2.0,))),
}


@pytest.mark.parametrize("action", [5, np.int64(5), np.uint8(5), np.array(5), jnp.asarray(5)])
def test_any_integer_is_an_action(action):
    taken = checked_action(action, INTERFACES["discrete"])
    assert (taken, taken.shape, taken.dtype) == (5, (), np.int32)


@pytest.mark.parametrize(
    "action", [6, -1, np.int64(6), True, np.True_, 1.0, "1", None, [1], np.ones(2)]
)
def test_nothing_else_is(action):
    with pytest.raises(UserError, match=r"action is .*expected an integer from 0 to 5$"):
        checked_action(action, INTERFACES["discrete"])


def test_names_of_actions_are_said():
    with pytest.raises(UserError, match="from 0 to 1: left, right"):
        checked_action(2, INTERFACES["named"])


def test_actions_of_several_components():
    taken = checked_action([2, 1], INTERFACES["several"])
    assert (taken.tolist(), taken.dtype) == ([2, 1], np.int32)
    for wrong in ([3, 0], [0], [0.0, 1.0], [True, False]):
        with pytest.raises(UserError, match=r"expected an array of shape \(2,\) from 0 to \[2 1\]"):
            checked_action(wrong, INTERFACES["several"])


def test_actions_that_are_real_numbers():
    taken = checked_action([1.5], INTERFACES["real"])
    assert (taken.tolist(), taken.dtype) == ([1.5], np.float32)
    for wrong in ([2.5], [np.nan], 1.0, "a"):
        with pytest.raises(UserError, match=r"expected an array of shape \(1,\)"):
            checked_action(wrong, INTERFACES["real"])
