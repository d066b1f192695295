"""Bars, labels and words for every kind of action."""

from dataclasses import dataclass

import jax.numpy as jnp
import numpy as np
import pytest

from engrax.nn.policies import make_policy
from engrax.types import Continuous, Discrete, Interface, MultiDiscrete, VectorSpec
from engrax.types.actions import AbstractActions
from engrax.viewing.choices import action_words, bar_labels, bars, chosen_bars

OBSERVATIONS = {"vector": VectorSpec(1)}
NAMED = Interface(OBSERVATIONS, Discrete(3), ("left", "right", "stay"))
SEVERAL = Interface(OBSERVATIONS, MultiDiscrete((2, 3)))
REAL = Interface(OBSERVATIONS, Continuous((0.0, -4.0), (1.0, 4.0)))
JOINTS = Interface(OBSERVATIONS, REAL.actions, ("hip", "knee"))


def softmax(logits):
    weights = np.exp(np.asarray(logits, np.float64))
    return weights / weights.sum(-1, keepdims=True)


def test_bars_of_discrete_actions_are_probabilities():
    logits = np.array([[0.0, 1.0, -2.0], [3.0, 0.0, 0.0]], np.float32)
    got = bars(NAMED.actions, make_policy(NAMED.actions, jnp.asarray(logits)))
    np.testing.assert_allclose(got, softmax(logits), rtol=1e-5)


def test_bars_of_several_choices_are_the_probabilities_of_each():
    logits = np.array([0.0, 1.0, -2.0, 3.0, 0.0], np.float32)
    got = bars(SEVERAL.actions, make_policy(SEVERAL.actions, jnp.asarray(logits)))
    np.testing.assert_allclose(got, [*softmax(logits[:2]), *softmax(logits[2:])], rtol=1e-5)


def test_bars_of_continuous_actions_are_the_mode_between_the_bounds():
    outputs = jnp.asarray([0.0, 9.0, 0.0, 0.0])
    got = bars(REAL.actions, make_policy(REAL.actions, outputs))
    np.testing.assert_allclose(got, [0.5, 1.0], atol=1e-5)


@pytest.mark.parametrize(
    ("interface", "labels"),
    [
        (NAMED, ("left", "right", "stay")),
        (Interface(OBSERVATIONS, Discrete(3)), ("0", "1", "2")),
        (SEVERAL, ("0:0", "0:1", "1:0", "1:1", "1:2")),
        (REAL, ("a0", "a1")),
        (JOINTS, ("hip", "knee")),
    ],
)
def test_each_bar_has_a_label(interface, labels):
    assert bar_labels(interface) == labels
    actions = interface.actions
    size = {Discrete: 3, MultiDiscrete: 5, Continuous: 4}[type(actions)]
    assert bars(actions, make_policy(actions, jnp.zeros(size))).shape == (len(labels),)


@pytest.mark.parametrize(
    ("interface", "action", "chosen", "said"),
    [
        (NAMED, np.int32(2), {2}, "stay"),
        (SEVERAL, np.array([1, 0]), {1, 2}, "0:1 1:0"),
        (SEVERAL, np.array([0, 2]), {0, 4}, "0:0 1:2"),
        (REAL, np.array([0.25, -3.999]), set(), "0.25 -4.00"),
    ],
)
def test_the_action_taken_in_bars_and_in_words(interface, action, chosen, said):
    assert chosen_bars(interface.actions, action) == chosen
    assert action_words(interface, action) == said


@dataclass(frozen=True)
class Steps(AbstractActions):
    """A kind of action of another package."""

    shape = ()
    dtype = np.dtype(np.int32)
    bounds = (0, 1)

    def sample(self, key):
        raise NotImplementedError

    def draw(self, numbers, leading=()):
        raise NotImplementedError


def test_a_kind_that_cannot_be_drawn_is_named():
    with pytest.raises(
        ValueError, match=r"actions are Steps\(\), expected a kind that can be drawn"
    ):
        bar_labels(Interface(OBSERVATIONS, Steps()))
