"""Temporal value transport against a slow loop over its rule, and inside an update."""

from dataclasses import replace

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from engrax.agents import ActorCriticSizes, MERLINSizes
from engrax.algorithms import A2C, PPO, Transport
from engrax.algorithms.transport import transported, with_transport
from engrax.envs import Recall
from engrax.errors import UserError
from engrax.memory import RetroactiveSizes
from engrax.runtime import Pure, Trainer, collect, open_streams
from engrax.testing.contract import quick_jit
from engrax.types import Reads

from oracles import transport as oracle

STEPS, HEADS, ROWS = 40, 3, 12
FIRSTS = np.isin(np.arange(STEPS), [0, 17])
VOID = np.isin(np.arange(STEPS), [16])
DISCOUNT = 0.75
AGENT = MERLINSizes(latent=4, width=6, hidden=5, store=RetroactiveSizes(rows=8))


def random_reads(seed):
    """Reads of random strength and rows of random age, in two episodes."""
    numbers = np.random.default_rng(seed)
    strengths = np.round(numbers.uniform(0, 5, (STEPS, HEADS)), 1)  # so that some are equal
    weights = numbers.dirichlet(np.ones(ROWS), (STEPS, HEADS))
    ages = np.zeros((STEPS, ROWS), int)
    for t in range(STEPS):
        since = t - (17 if t >= 17 else 0)
        if since:
            ages[t] = numbers.integers(0, since + 1, ROWS)
    return strengths, weights, ages


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("threshold", [0.0, 2.0, 4.5])
def test_what_is_transported_equals_the_oracle(seed, threshold):
    strengths, weights, ages = random_reads(seed)
    values = np.random.default_rng(9).standard_normal(STEPS)
    reads = Reads(
        jnp.asarray(strengths, jnp.float32),
        jnp.asarray(weights, jnp.float32),
        jnp.asarray(ages, jnp.int32),
    )
    got = transported(
        Transport(share=0.9, threshold=threshold),
        DISCOUNT,
        reads,
        jnp.asarray(values, jnp.float32),
        jnp.asarray(FIRSTS),
        jnp.asarray(VOID),
    )
    want = oracle.transported(0.9, threshold, DISCOUNT, (strengths, weights, ages), values, FIRSTS)
    assert np.any(want)
    np.testing.assert_allclose(got, want, atol=1e-5)


def test_the_strongest_read_of_a_run_gives_its_value_to_what_it_read_and_no_step_nearby():
    strengths = np.zeros((STEPS, 1))
    strengths[[10, 11, 12], 0] = 3.0, 5.0, 4.0
    weights, ages = np.zeros((STEPS, 1, 2)), np.zeros((STEPS, 2), int)
    weights[11, 0] = 0.25, 0.75
    ages[11] = 9, 3  # a horizon of 4 steps
    reads = Reads(*(jnp.asarray(x, jnp.float32) for x in (strengths, weights)), jnp.asarray(ages))
    given = jnp.full(STEPS, 2.0), jnp.zeros(STEPS, bool), jnp.zeros(STEPS, bool)
    got = transported(Transport(share=0.5), DISCOUNT, reads, *given)
    want = np.zeros(STEPS)
    want[2] = 0.5 * 0.25 * 2.0
    np.testing.assert_allclose(got, want, atol=1e-6)


@pytest.fixture(scope="module")
def played():
    """A MERLIN, and segments of `Recall` that it acted in."""
    world = Pure(Recall(delay=4))
    agent = AGENT.build(world.interface, key=jax.random.key(0))

    @quick_jit
    def play(agent, key):
        open_keys, act_keys = (jax.random.split(part, 3) for part in jax.random.split(key))
        return collect(agent, world, open_streams(agent, world, open_keys), act_keys, 20)[1]

    return agent, play(agent, jax.random.key(1))


def test_an_agents_own_reads_carry_its_values_back(played):
    """To steps of the same episode, and to none where nothing is transported."""
    agent, segments = played
    settings = Transport(share=0.9, threshold=0.0)
    run = quick_jit(lambda agent, segments: with_transport(settings, 0.5, agent, segments))
    added = run(agent, segments).transported
    assert added.shape == (3, 20)
    assert np.any(np.asarray(added) != 0)
    assert not np.any(np.asarray(added)[np.asarray(segments.void)])
    assert with_transport(Transport(), 0.5, agent, segments) is segments


@pytest.mark.parametrize("learner", [A2C(), PPO()])
def test_it_is_added_to_scaled_rewards_and_to_nothing_that_the_agent_sees(played, learner):
    segments = played[1]
    learner = replace(learner, reward_scale=0.5)
    one = jax.tree.map(lambda leaf: leaf[0], segments)
    more = replace(one, transported=jnp.full(20, 3.0))
    rewards, with_more = (learner.rewards_and_discounts(each)[0] for each in (one, more))
    np.testing.assert_allclose(with_more, rewards + 3.0)
    assert eqx.tree_equal(more.inputs, one.inputs)


def trainer(sizes, learner):
    """A trainer of `Recall`."""
    world = Recall(delay=4)
    agent = sizes.build(world.interface, key=jax.random.key(0))
    return Trainer(agent, world, learner, streams=4, segment_length=12, key=jax.random.key(1))


def test_an_update_reports_it():
    learner = PPO(minibatches=2, transport=Transport(share=0.9, threshold=0.0), discount=0.5)
    made = trainer(AGENT, learner)
    _, metrics = made.update(made.init())
    assert metrics["transported"] != 0


def test_an_agent_without_reads_is_refused():
    with pytest.raises(UserError, match=r"transport\.share is 0\.9, and ActorCritic has no reads"):
        trainer(ActorCriticSizes(), PPO(transport=Transport(share=0.9)))


def test_a_negative_share_is_refused():
    with pytest.raises(ValueError, match=r"share is -1\.0, expected at least 0"):
        Transport(share=-1.0)
