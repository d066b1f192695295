"""A small MERLIN with every kind of observation, and inputs of two episodes."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from engrax.agents.merlin import MERLIN, BoundWeights, MERLINSizes
from engrax.memory import RetroactiveSizes
from engrax.nn.senses import EncoderSizes
from engrax.testing import random_observations
from engrax.testing.contract import quick_jit
from engrax.types import (
    AgentInput,
    Discrete,
    ImageSpec,
    Interface,
    SymbolsSpec,
    TextSpec,
    VectorSpec,
)

from oracles import merlin as oracle

OBSERVATIONS = {
    "image": ImageSpec(6, 6, 1),
    "symbols": SymbolsSpec(2, 2, (3, 4)),
    "text": TextSpec(2, tuple("abcd")),
    "vector": VectorSpec(3),
}
ACTIONS, LATENT, STEPS = 3, 4, 44
FIRSTS = np.isin(np.arange(STEPS + 1), [0, 22])
ENCODERS = EncoderSizes(
    symbols="softmax",
    tile=3,
    image_features=4,
    filter_size=2,
    filter_channels=3,
    text_embedding=3,
    vector_features=3,
)
WEIGHTS = BoundWeights(
    image=0.3,
    symbols=2.0,
    text=0.7,
    vector=1.5,
    action=0.6,
    reward=0.8,
    divergence=0.9,
    advantage=1.2,
)
STORE = RetroactiveSizes(rows=7, discount=0.8)  # fewer rows than an episode has steps


def make_agent(observations: Any = OBSERVATIONS, **changed: Any) -> MERLIN:
    """A small MERLIN with random parameters; other settings by name."""
    sizes = {"latent": LATENT, "width": 5, "hidden": 6, "heads": 2, "store": STORE}
    sizes = MERLINSizes(**{**sizes, "encoders": ENCODERS, "weights": WEIGHTS, **changed})
    interface = Interface(observations, Discrete(ACTIONS))
    return oracle.random_parameters(lambda: MERLIN(interface, sizes, key=jax.random.key(0)))


def random_inputs():
    """The inputs, actions and keys of two episodes.

    The action and the reward at `first` are those of another episode.
    """
    numbers = np.random.default_rng(1)
    taken = jnp.asarray(numbers.integers(0, ACTIONS, STEPS + 1), jnp.int32)
    rewards = jnp.asarray(numbers.standard_normal(STEPS + 1) + 9 * FIRSTS, jnp.float32)
    seen = random_observations(OBSERVATIONS, jax.random.key(2), (STEPS + 1,))
    return (
        AgentInput(seen, taken, rewards, jnp.asarray(FIRSTS)),
        jnp.append(taken[1:], 0),
        jax.random.split(jax.random.key(3), STEPS + 1),
    )


RETURNS = jnp.asarray(np.random.default_rng(4).standard_normal(STEPS + 1), jnp.float32)


@quick_jit
def replay(agent, state, inps, actions, keys):
    """The state and the outputs of `unroll`, the agent's losses and its metrics."""
    state, outs = agent.unroll(state, inps, actions, keys)
    effective = (~jnp.append(inps.first[1:], False)).astype(jnp.float32)
    losses = agent.auxiliary_losses(inps, outs, actions, RETURNS[: actions.shape[0]], effective)
    return state, outs, losses, agent.metrics(inps, outs, actions)


def noises(outs):
    """What z was made with; zeros where it is a function."""
    percept = outs.auxiliary.percept
    if percept.posterior is None:
        return np.zeros(percept.latent.shape)
    deviation = jnp.exp(0.5 * percept.posterior.log_variance)
    return np.asarray((percept.latent - percept.posterior.mean) / deviation)
