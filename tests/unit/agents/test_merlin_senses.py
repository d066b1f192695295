"""MERLIN's senses: any modalities, under any names, of which those count that have a weight."""

import jax
import jax.numpy as jnp
import pytest

from engrax.agents.merlin import BoundWeights, MERLINSizes
from engrax.agents.merlin.senses import Senses
from engrax.testing import random_observations
from engrax.types import AgentInput, Spec, VectorSpec

NAMED = {"left": VectorSpec(2), "right": VectorSpec(3)}


def costs(specs: dict[str, Spec], weights: BoundWeights) -> tuple[Senses, set[str]]:
    senses = Senses(specs, 2, MERLINSizes(latent=4, weights=weights), key=jax.random.key(0))
    seen = random_observations(specs, jax.random.key(1), (5,))
    inputs = AgentInput(seen, jnp.ones(5, jnp.int32), jnp.ones(5), jnp.zeros(5, bool))
    assert senses.encode(inputs).shape == (5, senses.size)
    return senses, set(senses.costs(jnp.ones((5, 4)), inputs))


def test_modalities_of_a_kind_count_alike_under_any_name():
    senses, told = costs(NAMED, BoundWeights(vector=0.7, action=2.0, reward=3.0))
    assert told == {"left", "right", "action", "reward"}
    assert dict(senses.weights) == {"left": 0.7, "right": 0.7, "action": 2.0, "reward": 3.0}


def test_senses_that_do_not_count_are_not_told():
    assert costs(NAMED, BoundWeights(vector=0.0))[1] == {"action", "reward"}
    assert costs(NAMED, BoundWeights(action=0.0, reward=0.0))[1] == {"left", "right"}


@pytest.mark.parametrize("name", ["action", "reward"])
def test_a_modality_called_as_a_sense_of_every_agent_is_named(name):
    with pytest.raises(ValueError, match=f"a modality is called '{name}'"):
        costs({name: VectorSpec(2)}, BoundWeights())
