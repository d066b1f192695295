"""FLOPs are those of the definition of a step."""

import equinox as eqx
import jax
import jax.numpy as jnp
import pytest

from engrax.agents import ActorCritic, ActorCriticSizes
from engrax.envs import Recall
from engrax.measuring.flops import acting_flops, count, learning_flops
from engrax.memory import HCAMSizes, LSTMSizes

MATRIX = jnp.ones((4, 5))
INTERFACE = Recall(delay=2).interface


def scanned(x):
    return jax.lax.scan(lambda x, _: (jnp.ones((5, 5)) @ x, None), x, None, length=7)[0]


def branched(x):
    return jax.lax.cond(x[0] > 0, lambda x: (MATRIX @ x)[0], lambda x: x[0], x)


@pytest.mark.parametrize(
    ("function", "flops"),
    [
        (lambda x: MATRIX @ x, 2 * 4 * 5),
        (lambda x: (MATRIX @ MATRIX.T @ MATRIX) @ x, 2 * 4 * 5),  # without x it is no step's work
        (lambda x: jnp.outer(x, x) @ jnp.outer(x, x), 2 * 5**3),
        (scanned, 7 * 2 * 25),
        (jax.jit(lambda x: MATRIX @ x), 2 * 4 * 5),
        (branched, 2 * 4 * 5),
        (lambda x: jnp.sin(x) + 1.0, 0),
        (lambda x: jnp.convolve(x, jnp.ones(3), mode="same"), 2 * 5 * 3),
    ],
)
def test_products_that_depend_on_the_arguments_are_counted(function, flops):
    assert count(function, jnp.ones(5)) == flops


def weights(part):
    """The numbers in the matrices of a part."""
    leaves = jax.tree.leaves(eqx.filter(part, eqx.is_inexact_array))
    return sum(leaf.size for leaf in leaves if leaf.ndim == 2)


def test_an_lstm_agent_by_hand():
    sizes = ActorCriticSizes(memory=LSTMSizes(width=8))
    agent = ActorCritic(INTERFACE, sizes, key=jax.random.key(0))
    forward = [agent.encoders, agent.memory, agent.policy, agent.value]
    assert acting_flops(agent, INTERFACE) == 2 * weights(forward)
    assert learning_flops(agent, INTERFACE) == 3 * 2 * weights([*forward, agent.decoders])


def test_an_hcam_step_does_not_depend_on_how_much_is_remembered_but_for_the_summaries():
    def flops(num_chunks):
        memory = HCAMSizes(
            width=8, num_heads=2, chunk_size=4, num_chunks=num_chunks, top_k=2, window=4
        )
        sizes = ActorCriticSizes(memory=memory)
        return acting_flops(ActorCritic(INTERFACE, sizes, key=jax.random.key(0)), INTERFACE)

    assert flops(64) - flops(4) == 2 * 60 * 2 * 8  # two layers: 60 more summaries of width 8
