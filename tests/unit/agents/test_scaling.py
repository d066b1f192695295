"""Vectors and rewards are scaled by statistics that belong to the agent."""

from dataclasses import replace

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from engrax.agents import ActorCriticSizes, MERLINSizes
from engrax.agents.scaling import HORIZON, LARGEST, MEMORY, Normalisation, Scales
from engrax.algorithms import A2C, PPO
from engrax.losses.masks import Moments
from engrax.memory import HCAMSizes
from engrax.runtime import Trainer
from engrax.testing import check_agent
from engrax.testing.contract import quick_jit
from engrax.types import AgentInput, Discrete, Interface, SymbolsSpec, TimeStep, VectorSpec

BOTH = Normalisation(vectors=True, rewards=True)
SPECS = {"far": VectorSpec(3), "grid": SymbolsSpec(1, 2, (3,))}
AGENTS = {
    "hcam": ActorCriticSizes(memory=HCAMSizes.tiny(), hidden=8, normalise=BOTH),
    "merlin": replace(MERLINSizes().tiny(), normalise=BOTH),
}


def segments_steps(numbers, streams=4, steps=7, size=1e4):
    """Vectors far from 0 and of several sizes, rewards of another, episodes at random."""
    shape = (streams, steps + 1)
    vectors = numbers.normal([1.0, -5.0, 0.0], [1.0, 0.01, 3.0], (*shape, 3)) * size
    last = numbers.random(shape) < 0.2
    flags = jnp.asarray(last)
    return TimeStep(
        {"far": jnp.asarray(vectors, jnp.float32), "grid": jnp.zeros((*shape, 1, 2, 1))},
        jnp.asarray(numbers.normal(2.0, 5.0, shape) * size, jnp.float32),
        jnp.ones(shape),
        jnp.roll(flags, 1, axis=1),
        flags,
    )


def sums_of_rewards(steps):
    """Discounted sums of rewards to the end of the segment, or of the episode, in a loop."""
    rewards, last = np.asarray(steps.reward, np.float64), np.asarray(steps.last)
    sums = np.zeros_like(rewards)
    for stream in range(len(rewards)):
        for time in range(rewards.shape[1] - 1, 0, -1):
            later = sums[stream, time + 1] if time + 1 < rewards.shape[1] else 0.0
            sums[stream, time] = rewards[stream, time] + HORIZON * later * (~last[stream, time])
    return sums[:, 1:]


@pytest.fixture(name="seen", scope="module")
def several_updates():
    numbers = np.random.default_rng(0)
    return [segments_steps(numbers) for _ in range(5)]


@pytest.fixture(name="scales", scope="module")
def after_them(seen):
    scales, after = Scales(SPECS, BOTH), quick_jit(lambda scales, part: scales.after(part))
    for part in seen:
        scales = after(scales, part)
    return scales


def test_statistics_are_those_of_all_that_was_seen(seen, scales):
    """Against NumPy in float64, over all segments at once."""
    vectors = np.concatenate([np.asarray(one.observation["far"])[:, 1:] for one in seen])
    vectors = vectors.reshape(-1, 3).astype(np.float64)
    found = scales.vectors["far"]
    assert found.number[0] == len(vectors)
    np.testing.assert_allclose(found.mean, vectors.mean(0), rtol=1e-5)
    np.testing.assert_allclose(found.variance, vectors.var(0), rtol=1e-3)
    sums = np.concatenate([sums_of_rewards(one) for one in seen])
    np.testing.assert_allclose(scales.rewards.variance, sums.var(), rtol=1e-4)
    np.testing.assert_allclose(scales.reward_factor, 1 / sums.std(), rtol=1e-4)


def test_inputs_have_mean_0_and_variance_1_and_outliers_are_cut(seen, scales):
    steps = seen[-1]
    flags = jnp.zeros(steps.reward.shape, bool)
    inps = AgentInput(steps.observation, flags.astype(jnp.int32), steps.reward, flags)
    scaled = scales.scaled(inps)
    assert np.abs(np.asarray(scaled.observation["far"])).max() < 5
    assert scaled.observation["grid"] is inps.observation["grid"]
    np.testing.assert_allclose(
        scaled.previous_reward, steps.reward * scales.reward_factor, rtol=1e-6
    )
    far = eqx.tree_at(lambda one: one.observation["far"], inps, jnp.full((4, 8, 3), 1e9))
    assert (np.asarray(scales.scaled(far).observation["far"]) == LARGEST).all()


def test_what_is_not_finite_leaves_no_trace(seen, scales):
    bad = seen[0].observation["far"].at[0, 2].set(jnp.nan)
    broken = eqx.tree_at(lambda part: part.observation["far"], seen[0], bad)
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(scales.after(broken)))


def test_early_steps_are_forgotten_in_the_end(seen):
    long = Scales(SPECS, BOTH)
    old = Moments(jnp.full(3, 2 * MEMORY), jnp.zeros(3), jnp.ones(3))
    long = eqx.tree_at(lambda scales: scales.vectors["far"], long, old)
    assert long.after(seen[0]).vectors["far"].number[0] == MEMORY + 28


def test_without_the_setting_there_is_nothing_to_keep():
    scales = Scales(SPECS, Normalisation())
    assert jax.tree.leaves(scales) == []
    assert scales.reward_factor is None


@pytest.mark.slow
@pytest.mark.parametrize("name", AGENTS)
def test_agents_keep_the_contract_with_statistics_of_their_own(name, scales):
    interface = Interface(SPECS, Discrete(3))
    agent = quick_jit(lambda key: AGENTS[name].build(interface, key=key))(jax.random.key(0))
    # Of the size of the suite's random inputs.
    moments = lambda m: Moments(m.number, 0.3 * jnp.ones_like(m.mean), 4.0 * jnp.ones_like(m.mean))  # noqa: E731
    scaled = Scales(SPECS, BOTH)
    scaled = eqx.tree_at(
        lambda one: (one.vectors["far"], one.rewards),
        scaled,
        (moments(scales.vectors["far"]), moments(scales.rewards)),
        is_leaf=lambda leaf: isinstance(leaf, Moments),
    )
    check_agent(eqx.tree_at(lambda agent: agent.scales, agent, scaled), interface)


@pytest.mark.slow
@pytest.mark.parametrize("name", AGENTS)
def test_training_moves_the_statistics_and_no_gradient_does(name):
    from engrax.envs import Recall

    game = Recall(delay=2)
    agent = AGENTS[name].build(game.interface, key=jax.random.key(0))
    learner = A2C(reward_scale=100.0) if name == "merlin" else PPO(minibatches=2)
    trainer = Trainer(agent, game, learner, streams=8, segment_length=9, key=jax.random.key(1))
    state = trainer.init()
    states = []
    for _ in range(3):
        state, metrics = trainer.update(state)
        states.append(jax.tree.map(np.asarray, state.learner.agent.scales))
        assert all(np.isfinite(value) for value in metrics.values())
    assert [int(one.rewards.number) for one in states] == [72, 144, 216]
    vectors = states[-1].vectors
    assert set(vectors) == set(game.interface.observations)
    assert all((one.variance < 1.0).all() for one in vectors.values())
    segments = trainer.act(state.learner.agent, state.streams, jax.random.key(2))[1]
    after = state.learner.agent.after(segments, lambda tree: tree)
    assert int(after.scales.rewards.number) == 288
