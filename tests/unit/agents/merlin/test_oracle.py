"""MERLIN against slow loops over its paper's equations: percepts, policies, values, losses."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from engrax.agents.merlin.core import ACTION_SCALE
from engrax.memory import RetroactiveSizes
from engrax.memory.retroactive import written
from engrax.testing.contract import quick_jit

from .small import RETURNS, STORE, WEIGHTS, make_agent, noises, random_inputs, replay
from oracles import merlin as oracle

CASES = {
    "kept": {"store": STORE},
    "mean": {"store": RetroactiveSizes(rows=7, discount=0.8, reuse="mean"), "past_scale": 3.0},
    "roomy, a key of z": {"store": RetroactiveSizes(rows=30), "latent_in_key": True},
    "one half": {"store": RetroactiveSizes(rows=7, retroactive=False)},
    "rma": {
        "store": RetroactiveSizes(rows=30, read_rows=3),
        "sampled": False,
        "memory_in_value": True,
    },
}


def oracle_steps(agent, inps, actions, outs):
    """The oracle, as it was left, and its steps."""
    merlin = oracle.Merlin(jax.tree.map(np.asarray, agent), ACTION_SCALE)
    past = zip(
        *map(np.asarray, (inps.previous_action, inps.previous_reward, inps.first)), strict=True
    )
    given = zip(
        np.asarray(features(agent, inps)),
        past,
        noises(outs),
        np.asarray(actions),
        strict=True,
    )
    return merlin, [merlin.step(*each) for each in given]


@quick_jit
def features(agent, inps):
    """What the encoders make of every part of the observation."""
    encoders = agent.senses.encoders.items()
    return jnp.concatenate([encode(inps.observation[name]) for name, encode in encoders], axis=-1)


@quick_jit
def image_logits(agent, z):
    return agent.senses.decoders["image"](z)


def costs_of(senses, z, logits, inps, t):
    """What each sense of step t costs under its decoder; the image's logits are given."""
    there, seen = not inps.first[t], {name: array[t] for name, array in inps.observation.items()}
    symbols = oracle.linear(senses.decoders["symbols"].layer, z).reshape(4, 7)
    text = oracle.linear(senses.decoders["text"].layer, z).reshape(2, 4)
    vector = oracle.linear(senses.decoders["vector"].layer, z) - seen["vector"]
    reward = oracle.linear(senses.reward, z)[0] - inps.previous_reward[t]
    return {
        "image": oracle.bernoulli_cost(logits, seen["image"]),
        "symbols": oracle.softmax_costs(symbols, (3, 4), seen["symbols"]),
        "text": oracle.softmax_costs(text, (4,), seen["text"]),
        "vector": 0.5 * vector @ vector,
        "action": there
        * -np.log(oracle.softmax(oracle.linear(senses.action, z))[inps.previous_action[t]]),
        "reward": there * 0.5 * reward**2,
    }


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param(case, id=name, marks=[pytest.mark.slow] * (name != "kept"))
        for name, case in CASES.items()
    ],
)
def test_unroll_equals_the_oracle(settings):
    agent, (inps, actions, keys) = make_agent(**settings), random_inputs()
    state, outs, losses, metrics = replay(agent, None, inps, actions, keys)
    merlin, steps = oracle_steps(agent, inps, actions, outs)
    percept = outs.auxiliary.percept
    got = oracle.Step(
        prior=joined(percept.prior),
        posterior=joined(percept.posterior),
        latent=percept.latent,
        policy_features=percept.policy_features,
        logits=outs.policy.logits,
        value=outs.value,
        advantage=None,
        predictor_features=outs.auxiliary.predictor.features,
    )
    for name in set(got._fields) - {"advantage"}:
        leaf = getattr(got, name)
        if leaf is None:
            assert not settings.get("sampled", True)
            continue
        want = np.stack([getattr(step, name) for step in steps[: len(leaf)]])
        np.testing.assert_allclose(leaf, want, atol=2e-4, err_msg=name)
    check_losses(agent, inps, steps, losses, metrics)
    contents = np.where(written(state.store)[:, None], state.store.contents, 0)
    np.testing.assert_allclose(contents, merlin.store.contents(), atol=2e-4)
    np.testing.assert_allclose(state.predictor_reads, merlin.m, atol=2e-4)


def joined(distribution):
    """Means and log-variances in one vector."""
    return None if distribution is None else np.concatenate(distribution, -1)


def check_losses(agent, inps, steps, losses, metrics):
    logits = np.asarray(
        image_logits(agent, jnp.asarray([step.latent for step in steps], jnp.float32))
    )
    senses, inps, losses, metrics = jax.tree.map(np.asarray, (agent.senses, inps, losses, metrics))
    for t, step in enumerate(steps[:-1]):
        costs = costs_of(senses, step.latent, logits[t], inps, t)
        want = {f"reconstruct_{name}": cost for name, cost in costs.items()}
        if step.prior is not None:
            want["divergence"] = oracle.divergence(step.posterior, step.prior)
        np.testing.assert_allclose(metrics["bound"][t], sum(want.values()), rtol=1e-3)
        error = RETURNS[t] - step.value - step.advantage
        want["advantage"] = 0.0 if inps.first[t + 1] else 0.5 * error**2
        assert want.keys() == losses.keys()
        for name, cost in want.items():
            weight = getattr(WEIGHTS, name.removeprefix("reconstruct_"))
            np.testing.assert_allclose(
                losses[name][t], weight * cost, rtol=1e-3, atol=1e-4, err_msg=name
            )
