"""Segments are what was acted, the same in a compiled scan and in a loop on the host."""

from dataclasses import replace

import jax
import numpy as np
import pytest
from contract.reference_worlds import StepByStep

from engrax.agents import ActorCritic
from engrax.agents.base import choose
from engrax.memory import NoMemorySizes
from engrax.runtime import Pure, collect, open_streams
from engrax.testing.contract import quick_jit

from .small import SIZES, TASK, Layered, expect_same, make_agent

STREAMS, LENGTH = 4, 12


def collected(agent, world, segments=2, *, carry_state=True, tile=None):
    """Streams after some segments, and of each segment the segment and its episodes."""
    run = lambda agent, streams, keys: collect(  # noqa: E731
        agent, world, streams, keys, LENGTH, carry_state=carry_state, tile=tile
    )
    run = quick_jit(run) if world.pure else run
    opening = lambda agent, keys: open_streams(agent, world, keys)  # noqa: E731
    opening = quick_jit(opening) if world.pure else opening
    streams, found = opening(agent, jax.random.split(jax.random.key(0), STREAMS)), []
    for index in range(segments):
        streams, *parts = run(agent, streams, jax.random.split(jax.random.key(index), STREAMS))
        found.append(parts)
    return streams, found


@pytest.fixture(scope="module")
def played():
    """An agent, and two segments with their episodes."""
    agent = make_agent()
    return agent, collected(agent, Pure(TASK))[1]


@pytest.mark.parametrize(
    ("name", "tolerance"),
    [("actor_critic", 0.0), pytest.param("merlin", 1e-6, marks=pytest.mark.slow)],
)
def test_a_loop_on_the_host_gives_the_segments_of_the_scan(name, tolerance):
    """Bit by bit, but for the order of MERLIN's sums in programs that XLA compiles apart."""
    agent = make_agent(name)
    traced, by_step = (collected(agent, world) for world in (Pure(TASK), StepByStep(TASK)))
    expect_same(by_step[1], traced[1], tolerance)
    expect_same(by_step[0].agent, traced[0].agent, tolerance)
    expect_same(by_step[0].episode_return, traced[0].episode_return)


def test_a_memory_with_a_leaf_that_is_no_array_acts_in_both_worlds():
    make = lambda key: ActorCritic(TASK.interface, SIZES["actor_critic"], memory=Layered, key=key)  # noqa: E731
    agent = quick_jit(make)(jax.random.key(0))
    assert any(callable(leaf) for leaf in jax.tree.leaves(agent))
    traced, by_step = (collected(agent, world, 1) for world in (Pure(TASK), StepByStep(TASK)))
    expect_same(by_step[1], traced[1])


def test_an_agent_without_memory_acts_in_both_worlds():
    """Its state has no arrays."""
    sizes = replace(SIZES["actor_critic"], memory=NoMemorySizes(width=4))
    agent = quick_jit(lambda key: sizes.build(TASK.interface, key=key))(jax.random.key(0))
    assert not jax.tree.leaves(agent.init_state())
    traced, by_step = (collected(agent, world, 1) for world in (Pure(TASK), StepByStep(TASK)))
    expect_same(by_step[1], traced[1])


def test_segments_carry_no_state_where_they_open_with_an_episode():
    agent = make_agent()
    for world in (Pure(TASK), StepByStep(TASK)):
        (segment, _), *_ = collected(agent, world, 1, carry_state=False)[1]
        assert segment.state is None


def test_consecutive_segments_share_a_step_and_its_key(played):
    (one, _), (other, _) = played[1]
    last, first = (
        jax.tree.map(lambda leaf, at=at: leaf[:, at], (s.steps, s.previous_actions, s.keys))
        for s, at in ((one, -1), (other, 0))
    )
    expect_same(first, last)


def test_actions_are_those_sampled_from_the_policies_that_are_recorded(played):
    segment = played[1][1][0]
    sample = jax.vmap(jax.vmap(lambda key, policy: choose(key, policy, False)))
    sampled = quick_jit(sample)(segment.keys, segment.policy)
    np.testing.assert_array_equal(segment.previous_actions[:, 1:], sampled[:, :-1])


def test_replaying_from_the_opening_state_gives_what_was_recorded(played):
    agent, segments = played

    @quick_jit
    def replay(agent, segment):
        run = lambda s: agent.unroll(s.state, s.inputs, s.actions, s.keys)[1]  # noqa: E731
        return jax.vmap(run)(segment)

    for segment, _ in segments:
        outs = replay(agent, segment)
        np.testing.assert_allclose(outs.value, segment.values, atol=1e-5)
        np.testing.assert_allclose(outs.policy.logits, segment.policy.logits, atol=1e-5)


def test_steps_are_the_world_s(played):
    """Every stream's steps are a run of the environment under the actions taken."""
    segment = played[1][0][0]
    reward, actions = np.asarray(segment.steps.reward), np.asarray(segment.previous_actions)
    first, last = np.asarray(segment.steps.first), np.asarray(segment.steps.last)
    assert reward.shape == (STREAMS, LENGTH + 1)
    np.testing.assert_array_equal(first[:, 1:], last[:, :-1])
    cues = np.asarray(segment.steps.observation["vector"])
    assert last.any()
    for b, t in zip(*np.nonzero(last), strict=True):
        if t >= TASK.delay + 2:  # the whole episode is in the segment
            cue = np.argmax(cues[b, t - TASK.delay - 2, 2:])
            assert reward[b, t] == (actions[b, t] == cue)


def test_episodes_have_their_returns_and_successes(played):
    total = np.zeros(STREAMS)
    for segment, episodes in played[1]:
        steps = jax.tree.map(np.asarray, segment.steps)
        assert episodes.last.shape == (STREAMS, LENGTH)
        for t in range(1, LENGTH + 1):
            total = np.where(steps.first[:, t], 0, total) + steps.reward[:, t]
            np.testing.assert_array_equal(episodes.last[:, t - 1], steps.last[:, t])
            np.testing.assert_array_equal(episodes.returns[:, t - 1], total)
            np.testing.assert_array_equal(episodes.success[:, t - 1], steps.info["success"][:, t])
    assert np.asarray(episodes.last).any()


def test_without_success_in_the_task_there_is_none():
    from contract.reference_environments import Walk

    world = Pure(Walk())
    agent = make_agent(interface=world.interface)
    _, ((_, episodes),) = collected(agent, world, 1)
    assert episodes.success is None
