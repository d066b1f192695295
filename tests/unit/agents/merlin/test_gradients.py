"""Which loss of MERLIN trains which parameters: its gradient is exactly 0 in all others."""

from dataclasses import replace

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from engrax.agents.merlin import SampledInference
from engrax.algorithms import A2C
from engrax.losses.value import squared_error
from engrax.memory import RetroactiveSizes
from engrax.nn.policies import Categorical
from engrax.testing.contract import quick_jit
from engrax.types import Segment, TimeStep

from .small import ACTIONS, OBSERVATIONS, WEIGHTS, make_agent, random_inputs

POLICY = {"policy_lstm", "policy_head", "policy"}
PREDICTION = {"encoders", "prior", "posterior", "predictor", "predictor_heads"}
DECODED = {
    f"reconstruct_{name}": PREDICTION | {f"decode_{name}"}
    for name in (*OBSERVATIONS, "action", "reward")
}
TRAINED = {
    "policy": POLICY,
    "entropy": POLICY,
    "value": PREDICTION | {"value"},
    "advantage": PREDICTION | {"advantage"},
    "divergence": PREDICTION,
    **DECODED,
}
"""The parts of the agent that each loss trains."""

NO_RECONSTRUCTION = {k: v for k, v in TRAINED.items() if k not in DECODED}
VECTOR_ONLY = {
    k: v
    for k, v in TRAINED.items()
    if k in NO_RECONSTRUCTION or k.split("_")[-1] in ("vector", "action", "reward")
}
DETERMINISTIC = {k: v - {"prior"} for k, v in TRAINED.items() if k != "divergence"}
ABLATIONS = {
    "none": ({}, TRAINED),
    "no reconstruction, return apart": (
        {
            "observations": {"vector": OBSERVATIONS["vector"]},
            "latent_in_key": True,
            "reconstruction": False,
            "return_shapes_latent": False,
            "memory_in_value": True,
        },
        {**NO_RECONSTRUCTION, "value": {"value"}, "advantage": {"advantage"}},
    ),
    "a function, which the policy shapes": (
        {
            "observations": {"vector": OBSERVATIONS["vector"]},
            "sampled": False,
            "policy_shapes_latent": True,
            "store": RetroactiveSizes(rows=3, read_rows=2),
        },
        {
            **{k: v for k, v in DETERMINISTIC.items() if k in VECTOR_ONLY},
            "policy": POLICY | PREDICTION - {"prior"},
            "entropy": POLICY | PREDICTION - {"prior"},
        },
    ),
    "policy shapes z, no divergence, one half": (
        {
            "observations": {"vector": OBSERVATIONS["vector"]},
            "policy_shapes_latent": True,
            "weights": replace(WEIGHTS, divergence=0.0),
            "store": RetroactiveSizes(rows=3, retroactive=False),
        },
        {
            **VECTOR_ONLY,
            "policy": POLICY | PREDICTION,
            "entropy": POLICY | PREDICTION,
            "divergence": set(),
        },
    ),
}
"""Settings, and what each loss then trains: each setting changes that and nothing else."""


def parts(tree):
    """The parameters of each part."""
    senses, core = tree.senses, tree.core
    return {
        "encoders": (senses.encoders, core.inference.from_senses),
        **{f"decode_{name}": decoder for name, decoder in senses.decoders.items()},
        "decode_action": senses.action,
        "decode_reward": senses.reward,
        **inference(core.inference),
        "predictor": core.predictor,
        "predictor_heads": core.predictor_heads,
        "policy_lstm": core.policy,
        "policy_head": core.policy_head,
        "policy": tree.policy,
        "value": tree.value,
        "advantage": tree.advantage,
    }


def inference(network):
    """The layers of the prior, if there is one, and of the posterior or the function of z."""
    if isinstance(network, SampledInference):
        return {"prior": network.prior, "posterior": network.posterior}
    return {"posterior": network.layers}


def make_segment(steps=12, start=16):
    """A part of the inputs, as a learner gets it: the second episode begins in its middle."""
    inps, _, keys = jax.tree.map(lambda leaf: leaf[start : start + steps + 1], random_inputs())
    numbers = np.random.default_rng(5)
    first = inps.first.at[0].set(True)
    discounts, last = jnp.ones(steps + 1), jnp.append(first[1:], False)
    timesteps = TimeStep(inps.observation, inps.previous_reward, discounts, first, last)
    logits, values = (
        jnp.asarray(numbers.standard_normal((steps + 1, *shape)), jnp.float32)
        for shape in ((ACTIONS,), ())
    )
    return Segment(timesteps, inps.previous_action, Categorical(logits), values, keys, None)


def losses(agent, segment):
    """Every loss of one segment by name, a sum over steps."""
    segments = jax.tree.map(lambda leaf: leaf[None], segment)
    batch = jax.tree.map(lambda leaf: leaf[0], A2C().prepare(segments))
    terms = A2C().terms(agent, batch)
    value = squared_error(terms.values, terms.returns)
    named = {"policy": terms.policy, "entropy": terms.entropy, "value": value}
    named |= dict(terms.auxiliary)
    return {name: jnp.sum(steps * batch.valid) for name, steps in named.items()}


@quick_jit
def gradient_of(agent, segment, chosen):
    """The gradient of the losses chosen by a 1 in the dictionary."""
    return jax.vjp(lambda agent: losses(agent, segment), agent)[1](chosen)[0]


@pytest.mark.slow
@pytest.mark.parametrize(("changed", "trained"), ABLATIONS.values(), ids=ABLATIONS)
def test_what_each_loss_trains(changed, trained):
    agent = make_agent(**{"store": RetroactiveSizes(rows=3), **changed})
    segment = make_segment()
    assert eqx.filter_eval_shape(losses, agent, segment).keys() == trained.keys()
    for loss, wanted in trained.items():
        gradient = gradient_of(
            agent, segment, {name: jnp.asarray(float(name == loss)) for name in trained}
        )
        reached = {
            name: [np.asarray(leaf) for leaf in jax.tree.leaves(part)]
            for name, part in parts(gradient).items()
        }
        assert all(np.isfinite(leaf).all() for leaves in reached.values() for leaf in leaves), loss
        assert {
            name for name, leaves in reached.items() if any(leaf.any() for leaf in leaves)
        } == wanted, loss
        assert {
            name for name, leaves in reached.items() if all(leaf.any() for leaf in leaves)
        } == wanted, loss


def test_a_sense_that_counts_nothing_is_left_out():
    agent = make_agent(weights=replace(WEIGHTS, image=0.0))
    assert "image" in agent.senses.encoders
    assert "image" not in agent.senses.decoders
    assert eqx.filter_eval_shape(losses, agent, make_segment()).keys() == TRAINED.keys() - {
        "reconstruct_image"
    }


def test_the_parts_are_all_there_is():
    agent = make_agent()
    assert len(jax.tree.leaves(parts(agent))) == len(jax.tree.leaves(agent))
    groups = {
        name: set(jax.tree.leaves(part)) for name, part in parts(agent.parameter_groups()).items()
    }
    assert groups == {name: {"policy" if name in POLICY else "agent"} for name in groups}
