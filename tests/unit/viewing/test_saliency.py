"""Saliency is the gradient, against finite differences; also where training cuts it."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from engrax.agents import ActorCriticSizes, MERLINSizes
from engrax.memory import DNCSizes, GTrXLSizes, HCAMSizes, LSTMSizes, NoMemorySizes
from engrax.nn.gradients import through_memory, without_gradient
from engrax.nn.senses import EncoderSizes
from engrax.testing.contract import quick_jit
from engrax.types import AgentInput, Discrete, ImageSpec, Interface, SymbolsSpec
from engrax.viewing.saliency import log_probabilities, no_nudges, saliency

INTERFACE = Interface(
    {"view": SymbolsSpec(3, 3, (5, 4)), "picture": ImageSpec(9, 9, 3)}, Discrete(3)
)
LENGTH = 12
HCAM = HCAMSizes(
    width=8, num_layers=1, num_heads=2, chunk_size=2, num_chunks=5, top_k=5, window=2, mlp_size=8
)
SMALL = EncoderSizes(image_features=8, symbol_embedding=2, filter_channels=2)
GTRXL = replace(GTrXLSizes.tiny(), window=16)
AGENTS = {
    "hcam": ActorCriticSizes(memory=HCAM, hidden=8, encoders=SMALL),
    "lstm": ActorCriticSizes(memory=LSTMSizes(width=8), hidden=8, encoders=SMALL),
    "gtrxl": ActorCriticSizes(memory=GTRXL, hidden=8, encoders=SMALL),
    "dnc": ActorCriticSizes(memory=DNCSizes.tiny(), hidden=8, encoders=SMALL, spatial_attention=2),
    "merlin": MERLINSizes().tiny(),
}


def played(sizes, length=LENGTH):
    """An agent with large parameters, and what it saw, did and drew in an episode."""
    agent = quick_jit(lambda key: sizes.build(INTERFACE, key=key))(jax.random.key(0))
    agent = jax.tree.map(
        lambda leaf: 1.5 * leaf if jnp.issubdtype(leaf.dtype, jnp.floating) else leaf, agent
    )
    draw = np.random.default_rng(1)
    observation = {
        "view": jnp.asarray(draw.integers(0, 4, (length, 3, 3, 2)), jnp.int32),
        "picture": jnp.asarray(draw.integers(0, 255, (length, 9, 9, 3)), jnp.uint8),
    }
    actions = jnp.asarray(draw.integers(0, 3, length), jnp.int32)
    first = jnp.arange(length) == 0
    before = jnp.concatenate([INTERFACE.actions.none()[None], actions[:-1]])
    inps = AgentInput(observation, before, jnp.zeros(length, jnp.float32), first)
    return agent, inps, actions, jax.random.split(jax.random.key(2), length)


@pytest.mark.parametrize("name", AGENTS)
def test_the_norm_is_that_of_finite_differences(name):
    agent, inps, actions, keys = played(AGENTS[name])
    decision = LENGTH - 1
    found = saliency(agent, inps, actions, keys, [2, decision])
    assert found is not None
    past = int(found[1, : LENGTH - 4].argmax())
    assert found.shape == (2, LENGTH)
    assert np.all(found[0, 3:] == 0.0)  # what comes later

    @jax.jit
    def value(size, part, feature):
        nudges = no_nudges(agent, LENGTH)
        nudges = [
            nudge.at[past, feature].add(jnp.where(index == part, size, 0.0), mode="drop")
            for index, nudge in enumerate(nudges)
        ]
        return log_probabilities(agent, nudges, inps, actions, keys)[decision]

    step, squares = 1e-2, 0.0
    for part, nudge in enumerate(no_nudges(agent, LENGTH)):
        for feature in range(nudge.shape[1]):
            difference = value(step, part, feature) - value(-step, part, feature)
            squares += float(difference / (2 * step)) ** 2
    assert found[1, past] == pytest.approx(squares**0.5, rel=0.05, abs=1e-5)
    assert found[1, past] > 1e-5


def test_it_reaches_a_chunk_that_training_stores_without_gradient():
    """All but the step before is in chunks."""
    agent, inps, actions, keys = played(AGENTS["hcam"])
    cut = jax.grad(lambda n: log_probabilities(agent, n, inps, actions, keys)[-1])(
        no_nudges(agent, LENGTH)
    )
    assert all(np.all(np.asarray(one)[:-2] == 0.0) for one in cut)
    found = saliency(agent, inps, actions, keys, [LENGTH - 1])
    assert found is not None
    assert np.count_nonzero(found[0, :-2] > 1e-6) >= 4


def test_an_agent_without_memory_depends_on_the_present_alone():
    sizes = replace(AGENTS["lstm"], memory=NoMemorySizes(width=8), past_in_memory=False)
    found = saliency(*played(sizes), [5])
    assert found is not None
    assert found[0, 5] > 0.0
    assert np.all(np.delete(found[0], 5) == 0.0)


def test_lengths_do_not_matter():
    """Episodes are padded; decisions are computed a few at a time."""
    agent, inps, actions, keys = played(AGENTS["lstm"], length=40)
    every = saliency(agent, inps, actions, keys, list(range(40)))
    assert every is not None
    assert every.shape == (40, 40)
    short = jax.tree.map(lambda leaf: leaf[:20], (inps, actions, keys))
    np.testing.assert_allclose(saliency(agent, *short, [10, 19]), every[[10, 19], :20], atol=1e-6)
    none = saliency(agent, inps, actions, keys, [])
    assert none is not None
    assert none.shape == (0, 40)


def test_gradients_stop_again_outside():
    gradient = jax.grad(lambda x: without_gradient(x) ** 2)
    assert gradient(3.0) == 0.0
    with through_memory():
        assert jax.grad(lambda x: without_gradient(x) ** 2)(3.0) == 6.0
    assert jax.grad(lambda x: without_gradient(x) ** 2)(3.0) == 0.0
