"""MERLIN: acting and replaying, episodes and windows, and known mistakes in building it."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from engrax.testing.contract import quick_jit

from .small import ACTIONS, FIRSTS, LATENT, STEPS, make_agent, noises, random_inputs, replay


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
    """Percepts and the state included; the predictor's input has the action taken."""
    agent, (inps, _, keys), _ = played
    outs, actions, states, _ = act(agent, inps, keys, jnp.asarray(greedy))
    state, replayed, _, _ = replay(agent, None, inps, actions, keys)
    output_of = lambda outs: (outs.policy.logits, outs.value, outs.auxiliary.percept)  # noqa: E731
    close(output_of(replayed), output_of(outs))
    close(state, jax.tree.map(lambda leaf: leaf[-1], states))
    likeliest = np.argmax(outs.policy.logits, axis=-1) == np.asarray(actions)
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
    np.testing.assert_allclose(recall.weights, outs.auxiliary.percept.reading.weights, atol=1e-6)


def test_z_is_drawn_from_the_posterior_anew_each_step(played):
    agent, (inps, actions, keys), (_, outs, _, _) = played
    noise = noises(outs)
    np.testing.assert_allclose(
        [noise.mean(), noise.std()], [0, 1], atol=0.25
    )  # of 180: three standard errors
    assert len(np.unique(noise.round(4))) > 0.9 * noise.size
    other = replay(agent, None, inps, actions, keys[::-1])[1]
    np.testing.assert_allclose(noises(other), noise[::-1], atol=1e-3)


def test_an_episode_does_not_depend_on_the_one_before(played):
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
    for start in range(0, STEPS + 1, 15):
        cut = lambda leaf: leaf[start : start + 15]  # noqa: B023, E731
        carried, part, _, _ = replay(agent, carried, *jax.tree.map(cut, (inps, actions, keys)))
        parts.append(part)
    close(carried, state)
    close(jax.tree.map(lambda *leaves: np.concatenate(leaves), *parts), outs)


def test_the_image_costs_a_sum_over_pixels(played):
    """Its decoder put to logits of zero: log 2 for each of the pixels, whatever is seen."""
    agent, (inps, _, _), _ = played
    senses = jax.tree.map(jnp.zeros_like, agent.senses)
    costs = quick_jit(senses.costs)(jnp.ones((STEPS + 1, LATENT)), inps)
    np.testing.assert_allclose(costs["image"], 36 * np.log(2), rtol=1e-5)


def test_at_first_no_action_and_no_reward_are_reconstructed(played):
    agent, (inps, actions, keys), (_, _, losses, metrics) = played
    for name in ("reconstruct_action", "reconstruct_reward"):
        assert np.all((np.asarray(losses[name]) == 0) == FIRSTS)
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


def test_metrics_say_how_sharply_is_read(played):
    _, _, (_, outs, _, metrics) = played
    for name, reading in (
        ("policy", outs.auxiliary.percept.reading),
        ("predictor", outs.auxiliary.predictor.reading),
    ):
        weights = np.asarray(reading.weights, np.float64)
        entropy = -np.sum(
            np.where(weights > 0, weights * np.log(np.maximum(weights, 1e-30)), 0), axis=-1
        ).mean(-1)
        np.testing.assert_allclose(metrics[f"{name}_read_entropy"], entropy, atol=1e-4)
        assert metrics[f"{name}_read_entropy"][0] == 0
        np.testing.assert_allclose(
            metrics[f"{name}_read_strength"], np.mean(reading.strengths, -1), rtol=1e-5
        )


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


def test_the_store_holds_vectors_as_wide_as_z():
    agent = make_agent(latent=6)
    assert (agent.core.store.width, agent.core.store.rows) == (6, 7)
