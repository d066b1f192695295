"""MERLIN's senses: parts of any names, of which those count that have a weight by their kind."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from engrax.agents.merlin import BoundWeights, MERLINSizes
from engrax.agents.merlin.senses import Senses
from engrax.testing import random_observations
from engrax.testing.contract import quick_jit
from engrax.types import (
    AgentInput,
    Continuous,
    Discrete,
    ImageSpec,
    Interface,
    MultiDiscrete,
    VectorSpec,
)

NAMED = {"left": VectorSpec(2), "right": VectorSpec(3)}


def make(observations, weights, actions=None):
    """The senses, and inputs of five steps, none of them the first."""
    actions = Discrete(2) if actions is None else actions
    sizes = MERLINSizes(latent=4, weights=weights)
    interface = Interface(observations, actions)
    senses = quick_jit(lambda key: Senses(interface, sizes, key=key))(jax.random.key(0))
    seen = random_observations(observations, jax.random.key(1), (5,))
    taken = jnp.asarray(actions.draw(np.random.default_rng(2), (5,)))
    return senses, AgentInput(seen, taken, jnp.ones(5), jnp.zeros(5, bool))


def costs(observations, weights):
    senses, inputs = make(observations, weights)
    encoded = eqx.filter_eval_shape(senses.encode, inputs)
    assert encoded.shape == (5, senses.size)
    return senses, set(eqx.filter_eval_shape(senses.costs, jnp.ones((5, 4)), inputs))


def test_parts_of_a_kind_count_alike_under_any_name():
    senses, counted = costs(NAMED, BoundWeights(vector=0.7, action=2.0, reward=3.0))
    assert counted == {"left", "right", "action", "reward"}
    expected = {"left": 0.7, "right": 0.7, "action": 2.0, "reward": 3.0}
    assert dict(senses.weights) == expected


def test_a_picture_called_camera_is_reconstructed_with_the_weight_of_images():
    observations = {"camera": ImageSpec(9, 9), "vector": VectorSpec(2)}
    senses, counted = costs(observations, BoundWeights(image=0.3))
    assert counted == {"camera", "vector", "action", "reward"}
    assert dict(senses.weights)["camera"] == 0.3
    assert set(senses.decoders) == {"camera", "vector"}


def test_senses_without_a_weight_are_left_out():
    assert costs(NAMED, BoundWeights(vector=0.0))[1] == {"action", "reward"}
    assert costs(NAMED, BoundWeights(action=0.0, reward=0.0))[1] == {"left", "right"}


@pytest.mark.parametrize("name", ["action", "reward"])
def test_a_part_called_as_a_sense_of_every_agent_is_named(name):
    with pytest.raises(ValueError, match=f"an observation is called '{name}', .*: rename it"):
        costs({name: VectorSpec(2)}, BoundWeights())


def softmax_cost(logits, choice):
    return np.log(np.exp(logits).sum()) - logits[choice]


CASES = {
    "discrete": (Discrete(3), lambda p, a: softmax_cost(p, a)),
    "multi_discrete": (
        MultiDiscrete((2, 3)),
        lambda p, a: softmax_cost(p[:2], a[0]) + softmax_cost(p[2:], a[1]),
    ),
    "continuous": (
        Continuous((0.0, -1.0), (2.0, 1.0)),
        lambda p, a: 0.5 * np.sum((p - (a - np.asarray([1.0, 0.0]))) ** 2),
    ),
}


@pytest.mark.parametrize(("actions", "cost"), CASES.values(), ids=CASES)
def test_the_previous_action_is_predicted_in_the_terms_of_its_kind(actions, cost):
    """At `first` there was none, and the cost is 0."""
    senses, inputs = make({"vector": VectorSpec(2)}, BoundWeights(), actions)
    first = jnp.asarray([False, True, False, False, True])
    inputs = AgentInput(inputs.observation, inputs.previous_action, jnp.ones(5), first)
    latents = jax.random.normal(jax.random.key(3), (5, 4))
    got = quick_jit(senses.costs)(latents, inputs)["action"]
    layer, taken = senses.action, np.asarray(inputs.previous_action)
    predicted = np.asarray(latents, np.float64) @ np.asarray(layer.weight, np.float64).T
    expected = [cost(p + np.asarray(layer.bias), a) for p, a in zip(predicted, taken, strict=True)]
    np.testing.assert_allclose(got, np.where(first, 0, expected), rtol=1e-4)
