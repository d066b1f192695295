"""Which loss of MERLIN teaches which parameters: the gradient is exactly 0 in all others, and is not 0 in these."""

from dataclasses import replace

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from engrax.algorithms import A2C, make_optimiser
from engrax.algorithms.optimiser import apply_gradient
from engrax.losses.value import squared_error
from engrax.memory import RetroactiveMemory
from engrax.testing.contract import quick_jit
from engrax.types import Segment, TimeStep

from unit.agents.test_merlin import ACTIONS, LATENT, SENSES, WEIGHTS, make_agent, random_inputs

POLICY = {"policy_lstm", "policy_head", "policy"}
PREDICTION = {"encoders", "prior", "posterior", "predictor", "predictor_heads"}
DECODED = {f"reconstruct_{name}": PREDICTION | {f"decode_{name}"} for name in (*SENSES, "action", "reward")}
TAUGHT = {
    "policy": POLICY,
    "entropy": POLICY,
    "value": PREDICTION | {"value"},
    "advantage": PREDICTION | {"advantage"},
    "divergence": PREDICTION,
    **DECODED,
}
"""The parts of the agent that each loss teaches."""

BLIND = {k: v for k, v in TAUGHT.items() if k not in DECODED}
NUMB = {k: v for k, v in TAUGHT.items() if k in BLIND or k.split("_")[-1] in ("vector", "action", "reward")}
ABLATIONS = {
    "none": ({}, TAUGHT),
    "no reconstruction, return apart": (
        {
            "senses": {"vector": SENSES["vector"]},
            "key_hears_latent": True,
            "reconstruction": False,
            "return_shapes_latent": False,
        },
        {**BLIND, "value": {"value"}, "advantage": {"advantage"}},
    ),
    "policy shapes z, no divergence, one half": (
        {
            "senses": {"vector": SENSES["vector"]},
            "policy_shapes_latent": True,
            "weights": replace(WEIGHTS, divergence=0.0),
            "store": RetroactiveMemory(3, LATENT, retroactive=False),
        },
        {**NUMB, "policy": POLICY | PREDICTION, "entropy": POLICY | PREDICTION, "divergence": set()},
    ),
}
"""Settings, and what each loss then teaches: each setting changes what it says and nothing else."""


def parts(tree):
    """The parameters of each part."""
    senses, core = tree.senses, tree.core
    return {
        "encoders": (senses.encoders, core.inference.from_senses),
        **{f"decode_{name}": decoder for name, decoder in senses.decoders.items()},
        "decode_action": senses.action,
        "decode_reward": senses.reward,
        "prior": core.inference.prior,
        "posterior": core.inference.posterior,
        "predictor": core.predictor,
        "predictor_heads": core.predictor_heads,
        "policy_lstm": core.policy,
        "policy_head": core.policy_head,
        "policy": tree.policy,
        "value": tree.value,
        "advantage": tree.advantage,
    }


def make_segment(steps=12, start=16):
    """A part of the inputs, as a learner gets it: the second episode begins in its middle."""
    inps, _, keys = jax.tree.map(lambda leaf: leaf[start : start + steps + 1], random_inputs())
    numbers = np.random.default_rng(5)
    first = inps.first.at[0].set(True)
    discounts, last = jnp.ones(steps + 1), jnp.append(first[1:], False)
    timesteps = TimeStep(inps.observation, inps.previous_reward, discounts, first, last, {})
    logits, values = numbers.standard_normal((steps + 1, ACTIONS)), numbers.standard_normal(steps + 1)
    recorded = (jnp.asarray(part, jnp.float32) for part in (logits, values))
    return Segment(timesteps, inps.previous_action, *recorded, keys, None)


def losses(agent, segment):
    """Every loss of one segment by name, a sum over steps."""
    lesson = jax.tree.map(lambda leaf: leaf[0], A2C().prepare(jax.tree.map(lambda leaf: leaf[None], segment)))
    terms = A2C().terms(agent, lesson)
    named = {"policy": terms.policy, "entropy": terms.entropy, "value": squared_error(terms.values, terms.returns)}
    return {name: jnp.sum(steps * lesson.valid) for name, steps in (named | dict(terms.auxiliary)).items()}


@quick_jit
def gradient_of(agent, segment, chosen):
    """The gradient of the losses chosen by a 1 in the dictionary."""
    return jax.vjp(lambda agent: losses(agent, segment), agent)[1](chosen)[0]


@pytest.mark.slow
@pytest.mark.parametrize(("changed", "taught"), ABLATIONS.values(), ids=ABLATIONS)
def test_what_each_loss_teaches(changed, taught):
    agent = make_agent(**{"store": RetroactiveMemory(3, LATENT), **changed})
    segment = make_segment()
    assert eqx.filter_eval_shape(losses, agent, segment).keys() == taught.keys()
    for loss, wanted in taught.items():
        gradient = gradient_of(agent, segment, {name: jnp.asarray(float(name == loss)) for name in taught})
        reached = {name: [np.asarray(leaf) for leaf in jax.tree.leaves(part)] for name, part in parts(gradient).items()}
        assert all(np.isfinite(leaf).all() for leaves in reached.values() for leaf in leaves), loss
        assert {name for name, leaves in reached.items() if any(leaf.any() for leaf in leaves)} == wanted, loss
        assert {name for name, leaves in reached.items() if all(leaf.any() for leaf in leaves)} == wanted, loss


def test_a_sense_that_counts_nothing_is_left_out():
    agent = make_agent(weights=replace(WEIGHTS, image=0.0))
    assert "image" in agent.senses.encoders
    assert "image" not in agent.senses.decoders
    assert eqx.filter_eval_shape(losses, agent, make_segment()).keys() == TAUGHT.keys() - {"reconstruct_image"}


def test_the_parts_are_all_there_is():
    agent = make_agent()
    assert len(jax.tree.leaves(parts(agent))) == len(jax.tree.leaves(agent))
    groups = {name: set(jax.tree.leaves(part)) for name, part in parts(agent.parameter_groups()).items()}
    assert groups == {name: {"policy" if name in POLICY else "agent"} for name in groups}


@pytest.fixture(name="core", scope="module")
def made_core():
    """The core of an agent, and a state with something in its store."""
    core = make_agent().core
    state, zs = core.init_state(), jax.random.normal(jax.random.key(6), (3, LATENT))
    store = quick_jit(lambda state, zs: jax.lax.scan(lambda s, z: (core.store.write(s, z), None), state, zs)[0])
    return core, state._replace(store=store(state.store, zs))


def test_what_is_written_is_detached(core):
    """No gradient runs through the store from what is read later; it runs through h, m and the next z."""
    core, state = core

    def later(z):
        after, _ = core.remember(state, z, jnp.asarray(1))
        _, thought = core.perceive(after, jnp.ones(2 * LATENT), jnp.asarray(False), jnp.ones(LATENT))
        return {"store": after.store, "read": thought.policy_features, "next": thought.latent, "prior": thought.prior}

    floats = lambda z: eqx.filter(later(z), eqx.is_inexact_array)  # noqa: E731
    gradients = quick_jit(jax.jacrev(floats))(jnp.ones(LATENT))
    for name in ("store", "read"):
        assert all(np.all(np.asarray(leaf) == 0) for leaf in jax.tree.leaves(gradients[name])), name
    for name in ("next", "prior"):
        assert all(np.any(np.asarray(leaf) != 0) for leaf in jax.tree.leaves(gradients[name])), name


def test_the_prior_teaches_by_h_and_by_m(core):
    """By either alone; what was expected does not hear of the policy."""
    core, state = core

    def expected(floats):
        _, thought = core.perceive(
            eqx.combine(floats, state), jnp.ones(2 * LATENT), jnp.asarray(False), jnp.ones(LATENT)
        )
        return jnp.sum(jnp.square(thought.prior.mean - 1.0))

    gradient = quick_jit(jax.grad(expected))(eqx.filter(state, eqx.is_inexact_array))
    assert all(np.any(np.asarray(layer.hidden) != 0) for layer in gradient.predictor)
    assert np.any(np.asarray(gradient.predictor_reads) != 0)
    assert all(np.all(np.asarray(leaf) == 0) for leaf in jax.tree.leaves((gradient.policy, gradient.policy_reads)))


def test_the_policy_sees_z_detached(core):
    """From the senses' part of the posterior, through z: to nothing of the policy."""
    core, state = core

    def seen(driven):
        after, thought = core.perceive(state, driven, jnp.asarray(False), jnp.ones(LATENT))
        return {"policy": (thought.policy_features, after.policy), "z": thought.latent}

    gradients = quick_jit(jax.jacrev(seen))(jnp.ones(2 * LATENT))
    assert all(np.all(np.asarray(leaf) == 0) for leaf in jax.tree.leaves(gradients["policy"]))
    assert np.any(np.asarray(gradients["z"]) != 0)


def small():
    return make_agent(senses={"vector": SENSES["vector"]})


@quick_jit
def steps_of(optimiser, scale, policy_rate=1.0):
    """The sizes of two steps of an optimiser in each part, for a gradient of ones, times `scale` in the policy's."""
    rate = lambda group: jnp.asarray(policy_rate if group == "policy" else 1.0)  # noqa: E731
    agent = jax.tree.map(jnp.zeros_like, small())
    scales = jax.tree.map(lambda group: scale if group == "policy" else jnp.ones(()), agent.parameter_groups())
    gradient = jax.tree.map(lambda leaf, scale: jnp.broadcast_to(scale, leaf.shape), agent, scales)
    state, sizes = optimiser.init(agent), []
    for _ in range(2):
        after, state = apply_gradient(optimiser, agent, state, gradient, rate)
        sizes.append({name: jnp.abs(jax.tree.leaves(part)[0]).max() for name, part in parts(after).items()})
    return sizes


def ratios(ours, theirs):
    """Of two runs of `steps_of`, in the policy's parts and in the others."""
    found = {True: set(), False: set()}
    for one, other in zip(ours, theirs, strict=True):
        for name in one:
            found[name in POLICY].add(round(float(one[name] / other[name]), 3))
    return found[True], found[False]


def test_the_policy_has_a_learning_rate_of_its_own_and_may_begin_later():
    learner, both = A2C(learning_rate=0.5, policy_rate=0.25, policy_delay=3), ("agent", "policy")
    assert [float(learner.rate(group, jnp.asarray(3))) for group in both] == [0.5, 0.125]
    assert [float(learner.rate(group, jnp.asarray(2))) for group in both] == [0.5, 0.0]


def test_what_a_group_does_is_scaled_by_its_own_rate():
    optimiser = make_optimiser(small(), 1e9, 1e-12)
    whole = steps_of(optimiser, jnp.asarray(1.0))
    quarter = steps_of(optimiser, jnp.asarray(1.0), 0.25)
    assert ratios(quarter, whole) == ({0.25}, {1.0})


def test_each_optimiser_clips_and_adapts_by_itself():
    """A policy's gradient a thousand times as large: by itself Adam does not see it, and no other part does."""
    optimiser = make_optimiser(small(), 1e9, 1e-12)
    assert ratios(steps_of(optimiser, jnp.asarray(1e3)), steps_of(optimiser, jnp.asarray(1.0))) == ({1.0}, {1.0})
    clipping = make_optimiser(small(), 0.5, 1e6)  # with so large an epsilon, steps are as the clipped gradient is
    clipped, larger, tiny = (steps_of(clipping, jnp.asarray(scale)) for scale in (1.0, 1e3, 1e-4))
    assert ratios(larger, clipped) == ({1.0}, {1.0})
    policy, others = ratios(tiny, clipped)
    assert max(policy) < 1.0
    assert others == {1.0}
