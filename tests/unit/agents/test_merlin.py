"""MERLIN: acting and replaying, episodes and windows, and mistakes that others made in building it."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from engrax.agents.merlin import MERLIN, BoundWeights, MERLINSizes
from engrax.agents.merlin.core import policy_head
from engrax.losses.variational import gaussian_divergence
from engrax.memory import RetroactiveMemory
from engrax.nn.distributions import gaussian
from engrax.nn.encoders import EncoderSizes
from engrax.testing import random_observations
from engrax.testing.contract import quick_jit
from engrax.types import AgentInput, ImageSpec, SymbolsSpec, TextSpec, VectorSpec

from oracles import merlin as oracle

SENSES = {
    "image": ImageSpec(6, 6, 1),
    "symbols": SymbolsSpec(2, 2, (3, 4)),
    "text": TextSpec(2, tuple("abcd")),
    "vector": VectorSpec(3),
}
ACTIONS, LATENT, STEPS = 3, 4, 44
FIRSTS = np.isin(np.arange(STEPS + 1), [0, 22])
ENCODERS = EncoderSizes(
    symbols="softmax", tile=3, image_features=4, filter_size=2, filter_channels=3, text_embedding=3, vector_features=3
)
WEIGHTS = BoundWeights(
    image=0.3, symbols=2.0, text=0.7, vector=1.5, action=0.6, reward=0.8, divergence=0.9, advantage=1.2
)
STORE = RetroactiveMemory(7, LATENT, discount=0.8)  # fewer rows than an episode has steps


def make_agent(store: RetroactiveMemory = STORE, senses: Any = SENSES, **changed: Any) -> MERLIN:
    sizes = {"latent": LATENT, "width": 5, "hidden": 6, "heads": 2, "encoders": ENCODERS, "weights": WEIGHTS}
    sizes = MERLINSizes(**{**sizes, **changed})
    return oracle.random_parameters(lambda: MERLIN(senses, ACTIONS, store=store, sizes=sizes, key=jax.random.key(0)))


def random_inputs():
    """T+1 inputs of two episodes, with an action and a reward of another one at `first`; T actions, T+1 keys."""
    numbers = np.random.default_rng(1)
    taken = jnp.asarray(numbers.integers(0, ACTIONS, STEPS + 1), jnp.int32)
    rewards = jnp.asarray(numbers.standard_normal(STEPS + 1) + 9 * FIRSTS, jnp.float32)
    seen = random_observations(SENSES, jax.random.key(2), (STEPS + 1,))
    return (
        AgentInput(seen, taken, rewards, jnp.asarray(FIRSTS)),
        taken[1:],
        jax.random.split(jax.random.key(3), STEPS + 1),
    )


RETURNS = jnp.asarray(np.random.default_rng(4).standard_normal(STEPS), jnp.float32)


@quick_jit
def replay(agent, state, inps, actions, keys):
    """The state and the outputs of `unroll`, the agent's losses and its metrics."""
    state, outs = agent.unroll(state, inps, actions, keys)
    losses = agent.auxiliary_losses(
        inps, outs, actions, RETURNS[: actions.shape[0]], (~inps.first[1:]).astype(jnp.float32)
    )
    return state, outs, losses, agent.metrics(inps, outs, actions)


def noises(outs):
    """What z was made with."""
    thought = outs.auxiliary.thought
    return np.asarray((thought.latent - thought.posterior.mean) / jnp.exp(0.5 * thought.posterior.log_variance))


@pytest.fixture(name="played", scope="module")
def made_played():
    """An agent, a segment, and what it replays: state, outputs, losses, metrics."""
    agent, segment = make_agent(), random_inputs()
    return agent, segment, replay(agent, None, *segment)


def close(got, wanted, atol=2e-5):
    for leaf, want in zip(jax.tree.leaves(got), jax.tree.leaves(wanted), strict=True):
        np.testing.assert_allclose(leaf, want, atol=atol)


@pytest.mark.parametrize("greedy", [False, True])
def test_unroll_is_acting(played, greedy):
    """Thoughts and the state included; what the predictor hears is the action taken."""
    agent, (inps, _, keys), _ = played
    outs, actions, states, _ = act(agent, inps, keys, jnp.asarray(greedy))
    state, replayed, _, _ = replay(agent, None, inps, actions[:-1], keys)
    said = lambda outs: (outs.logits, outs.value, outs.auxiliary.thought)  # noqa: E731
    close(said(replayed), said(outs))
    close(state, jax.tree.map(lambda leaf: leaf[-2], states))
    likeliest = np.argmax(outs.logits, axis=-1) == np.asarray(actions)
    assert likeliest.all() == greedy


@quick_jit
def act(agent, inps, keys, greedy):
    def step(state, now):
        recall = agent.recall(state, now[0], key=now[1])
        state, action, out = agent.step(state, now[0], key=now[1], greedy=greedy)
        return state, (out, action, state, recall)

    return jax.lax.scan(step, agent.init_state(), (inps, keys))[1]


def test_recall_is_what_the_policy_reads(played):
    agent, (inps, _, keys), _ = played
    outs, _, _, recall = act(agent, inps, keys, jnp.asarray(False))
    since = np.where(np.arange(STEPS + 1) < 22, np.arange(STEPS + 1), np.arange(STEPS + 1) - 22)
    np.testing.assert_array_equal(recall.valid.sum(-1), np.minimum(since, 7))
    np.testing.assert_array_equal(recall.steps_ago.max(-1)[since < 8], since[since < 8])
    np.testing.assert_allclose(recall.weights, outs.auxiliary.thought.reading.weights[:, 0], atol=1e-6)


def test_z_is_drawn_from_the_posterior_anew_each_step(played):
    agent, (inps, actions, keys), (_, outs, _, _) = played
    noise = noises(outs)
    np.testing.assert_allclose([noise.mean(), noise.std()], [0, 1], atol=0.25)  # of 180: three standard errors
    assert len(np.unique(noise.round(4))) > 0.9 * noise.size
    other = replay(agent, None, inps, actions, keys[::-1])[1]
    np.testing.assert_allclose(noises(other), noise[::-1], atol=1e-3)


def test_an_episode_does_not_know_of_the_one_before(played):
    agent, (inps, actions, keys), (state, outs, losses, _) = played
    before = np.arange(STEPS + 1) < 22
    other = jax.tree.map(lambda leaf: jnp.concatenate([leaf[1:22], leaf[:1], leaf[22:]]), inps)
    again_state, again, again_losses, _ = replay(agent, None, other, actions, keys)
    assert np.any(again.value[before] != outs.value[before])
    later = lambda tree, start: jax.tree.map(lambda leaf: leaf[start:], tree)  # noqa: E731
    close(later((again, again_losses), 22), later((outs, losses), 22))
    close(again_state._replace(store=None), state._replace(store=None))


@pytest.mark.slow
def test_windows_make_the_whole(played):
    """The memory, with its retroactive weights, is carried from one training window to the next."""
    agent, (inps, actions, keys), (state, outs, _, _) = played
    carried, parts = None, []
    for start in range(0, STEPS, 11):
        window = jax.tree.map(lambda leaf: leaf[start : start + 12], (inps, keys))  # noqa: B023
        carried, *rest = replay(agent, carried, window[0], actions[start : start + 11], window[1])
        parts.append(jax.tree.map(lambda leaf: leaf[:11], rest[0]))
    close(carried, state)
    close(jax.tree.map(lambda *leaves: np.concatenate(leaves), *parts), jax.tree.map(lambda leaf: leaf[:STEPS], outs))


def test_the_divergence_is_of_the_posterior_from_the_prior():
    """By integration over a line, both ways: they differ."""
    one, other = jnp.asarray([0.3, -1.2]), jnp.asarray([-0.5, 0.4])  # mean, log-variance
    x = np.linspace(-15, 15, 200_001)

    def log_density(parameters):
        mean, log_variance = map(float, parameters)
        return -0.5 * ((x - mean) ** 2 / np.exp(log_variance) + log_variance + np.log(2 * np.pi))

    def integral(q, p):
        return np.trapezoid(np.exp(log_density(q)) * (log_density(q) - log_density(p)), x)

    got = [gaussian_divergence(gaussian(q), gaussian(p)) for q, p in ((one, other), (other, one))]
    np.testing.assert_allclose(got, [integral(one, other), integral(other, one)], rtol=1e-4)
    assert abs(got[0] - got[1]) > 0.5
    both = gaussian_divergence(gaussian(jnp.asarray([0.3, -0.5, -1.2, 0.4])), gaussian(jnp.zeros(4)))
    alone = [gaussian_divergence(gaussian(q), gaussian(jnp.zeros(2))) for q in (one, other)]
    np.testing.assert_allclose(both, sum(alone), rtol=1e-5)


def test_the_image_costs_a_sum_over_pixels(played):
    """Its decoder put to logits of zero: log 2 for each of the pixels, whatever is seen."""
    agent, (inps, _, _), _ = played
    senses = jax.tree.map(jnp.zeros_like, agent.senses)
    costs = quick_jit(senses.costs)(jnp.ones((STEPS + 1, LATENT)), inps)
    np.testing.assert_allclose(costs["image"], 36 * np.log(2), rtol=1e-5)


def test_at_first_no_action_and_no_reward_are_reconstructed(played):
    agent, (inps, actions, keys), (_, _, losses, metrics) = played
    for name in ("reconstruct_action", "reconstruct_reward"):
        assert np.all((np.asarray(losses[name]) == 0) == FIRSTS[:-1])
    stale = eqx.tree_at(
        lambda i: (i.previous_action, i.previous_reward),
        inps,
        (
            jnp.where(inps.first, (inps.previous_action + 1) % ACTIONS, inps.previous_action),
            jnp.where(inps.first, 100.0, inps.previous_reward),
        ),
    )
    _, _, others, again = replay(agent, None, stale, actions, keys)
    close((others, again), (losses, metrics), 0)


def test_metrics_tell_how_sharply_is_read(played):
    _, _, (_, outs, _, metrics) = played
    for name, reading in (("policy", outs.auxiliary.thought.reading), ("predictor", outs.auxiliary.aftermath.reading)):
        weights = np.asarray(reading.weights, np.float64)[:STEPS]
        entropy = -np.sum(np.where(weights > 0, weights * np.log(np.maximum(weights, 1e-30)), 0), axis=-1).mean(-1)
        np.testing.assert_allclose(metrics[f"{name}_read_entropy"], entropy, atol=1e-4)
        assert metrics[f"{name}_read_entropy"][0] == 0
        np.testing.assert_allclose(metrics[f"{name}_read_strength"], np.mean(reading.strengths[:STEPS], -1), rtol=1e-5)


def test_a_key_of_z_starts_as_z():
    z, row = jnp.asarray([0.5, -1.0, 2.0, 3.0]), 2 * LATENT
    head = quick_jit(lambda key: policy_head(6, LATENT, row, key))(jax.random.key(0))
    keys, strengths = head(jnp.concatenate([jnp.zeros(6), z]))
    np.testing.assert_array_equal(keys, [[*z, 0, 0, 0, 0]])
    np.testing.assert_allclose(strengths, jax.nn.softplus(head.layer.bias[-1:]), rtol=1e-6)


def test_parameters_are_in_two_groups():
    agent = make_agent()
    labels = agent.parameter_groups()
    policy = (labels.core.policy, labels.core.policy_head, labels.policy)
    others = (
        labels.senses,
        labels.core.inference,
        labels.core.predictor,
        labels.core.predictor_heads,
        labels.value,
        labels.advantage,
    )
    assert set(jax.tree.leaves(policy)) == {"policy"}
    assert set(jax.tree.leaves(others)) == {"agent"}
    assert len(jax.tree.leaves((policy, others))) == len(jax.tree.leaves(agent))


def test_a_store_of_another_width_than_z_is_named():
    with pytest.raises(ValueError, match="the store's width is 5, expected 4: it holds z"):
        make_agent(RetroactiveMemory(7, 5))
