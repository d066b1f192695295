"""What is recorded is what happened, in pure and host worlds."""

from dataclasses import replace

import equinox as eqx
import jax
import numpy as np
import pytest
from contract.reference_environments import Walk
from contract.reference_worlds import StepByStep

from engrax.agents import ActorCritic, MERLINSizes
from engrax.envs import Recall
from engrax.evaluation.play import play
from engrax.memory import NoMemorySizes
from engrax.runtime import Pure, open_streams
from engrax.runtime.streams import act, advance, pending
from engrax.testing.contract import quick_jit
from engrax.viewing.record import Episode, most_telling, record

from .episodes import SIZES, make_agent, nothing_recalled, scripted

LENGTH = 6 + 3


@pytest.fixture(scope="module")
def recorded() -> tuple[ActorCritic, Recall, list[Episode]]:
    """An agent, a task, and the first three episodes of seed 5."""
    task = Recall(delay=6, distractors=True)
    agent = make_agent(task.interface)
    return agent, task, list(record(agent, task, episodes=3, seed=5))


class Varied(Recall):
    """Episodes of 5, 35, 65 or 95 steps, that succeed by the action that leads to the last."""

    def is_last(self, state):
        return state.time >= 4 + 30 * state.cue

    def advance(self, state, action, key):
        return super().advance(state, action, key)._replace(success=action == state.answer)


@pytest.mark.slow
def test_episodes_are_whole_and_those_that_play_plays():
    task = Varied(delay=1, num_cues=4)
    agent = make_agent(task.interface, replace(SIZES, memory=NoMemorySizes(width=8)))
    episodes = list(record(agent, task, episodes=12, seed=3))
    played = play(agent, task, episodes=12, seed=3)
    assert [episode.length for episode in episodes] == played.lengths.tolist()
    assert len(set(played.lengths)) > 1
    assert max(played.lengths) > 64  # more than one block was played
    assert [episode.total for episode in episodes] == played.returns.tolist()
    assert [episode.success for episode in episodes] == played.successes.tolist()
    for episode in episodes:
        assert np.flatnonzero(episode.first).tolist() == [0]
        assert np.flatnonzero(episode.last).tolist() == [episode.length - 1]
        assert not episode.effective[-1]
        assert all(len(leaf) == episode.length for leaf in jax.tree.leaves(episode))
        np.testing.assert_allclose(episode.policy.sum(axis=1), 1, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("sizes", [SIZES, MERLINSizes().tiny()], ids=["actor_critic", "merlin"])
def test_a_world_that_is_stepped_on_the_host_has_the_same_episodes(sizes):
    task = Recall(delay=2)
    agent = quick_jit(lambda key: sizes.build(task.interface, key=key))(jax.random.key(0))
    pure, host = (
        list(record(agent, world, episodes=2, seed=1)) for world in (task, StepByStep(task))
    )
    for got, expected in zip(host, pure, strict=True):
        jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-6), got, expected)
        np.testing.assert_array_equal(got.action, expected.action)
    played = play(agent, StepByStep(task), episodes=2, seed=1)
    assert [episode.total for episode in host] == played.returns.tolist()


@pytest.mark.slow
def test_the_same_seed_records_the_same_episodes(recorded):
    agent, task, episodes = recorded
    again, other = (next(record(agent, task, episodes=1, seed=seed)) for seed in (5, 6))
    jax.tree.map(np.testing.assert_array_equal, again, episodes[0])
    assert np.any(other.observation["vector"] != again.observation["vector"])


def test_greedy_takes_the_likeliest_action(recorded):
    agent, task, _ = recorded
    episode = next(record(agent, task, episodes=1, seed=5, greedy=True))
    np.testing.assert_array_equal(episode.action, episode.policy.argmax(axis=1))


def test_actions_count_at_the_query_only(recorded):
    for episode in recorded[2]:
        np.testing.assert_array_equal(np.flatnonzero(episode.effective), [LENGTH - 2])


def test_no_episodes_is_an_error(recorded):
    with pytest.raises(ValueError, match="episodes is 0, expected at least 1"):
        record(*recorded[:2], episodes=0, seed=0)


@pytest.mark.slow
def test_what_is_recorded_is_what_the_agent_recalls_in_that_state(recorded):
    agent, task, episodes = recorded
    world, key = Pure(task), jax.random.split(jax.random.key(5), 3)[1:2]
    fold_in = lambda time: jax.vmap(lambda k: jax.random.fold_in(k, time))(key)  # noqa: E731

    @eqx.filter_jit
    def by_hand(streams, keys):
        states, actions, output = act(agent, streams)
        recall = lambda state, inp, key: agent.recall(state, inp, key=key)  # noqa: E731
        recalled = jax.vmap(recall)(streams.agent, pending(streams), streams.keys)
        return recalled, output, advance(world, streams, states, actions, keys)

    streams = open_streams(agent, world, fold_in(0))
    for time in range(LENGTH):
        recalled, output, streams = by_hand(streams, fold_in(time + 1))
        episode = episodes[1]
        np.testing.assert_allclose(episode.weights[time], recalled.mean[0], atol=1e-5)
        np.testing.assert_array_equal(episode.steps_ago[time], recalled.steps_ago[0])
        np.testing.assert_array_equal(episode.valid[time], recalled.valid[0])
        np.testing.assert_allclose(episode.value[time], output.value[0], atol=1e-5)


def test_an_actor_critic_recalls_what_its_memory_does(recorded):
    episodes = recorded[2]
    for episode in episodes:
        for step in range(LENGTH):
            steps_ago = episode.steps_ago[step][episode.valid[step]]
            assert np.all((steps_ago >= 1) & (steps_ago <= step))
            assert np.all(episode.weights[step][~episode.valid[step]] == 0)
            assert episode.attention(step)[step:].sum() == 0
    assert episodes[0].attention(LENGTH - 1).sum() > 0.5


def test_attention_is_added_up_by_step_and_only_of_the_past():
    weights, ago = [[0.0] * 4] * 3 + [[0.1, 0.2, 0.3, 0.4]], [[1] * 4] * 3 + [[1, 3, 3, 9]]
    np.testing.assert_allclose(scripted(weights, ago).attention(3), [0.5, 0, 0.1, 0], atol=1e-6)
    valid = [[True] * 4] * 3 + [[True, True, False, True]]
    attention = scripted(weights, ago, valid=valid).attention(3)
    np.testing.assert_allclose(attention, [0.2, 0, 0.1, 0], atol=1e-6)


def test_the_most_telling_step_is_one_on_which_the_action_counts():
    weights = [[0.0, 0.0], [1.0, 0.0], [0.5, 0.5], [0.9, 0.1], [1.0, 0.0]]
    ago = [[1, 1], [1, 1], [1, 2], [1, 2], [1, 2]]
    assert most_telling(scripted(weights, ago))[0] == 1
    choice = [False, False, True, True, False]
    assert most_telling(scripted(weights, ago, effective=choice))[0] == 3
    nothing = scripted(*nothing_recalled(4), effective=[False, False, True, False])
    assert most_telling(nothing) == (2, 0.0)
    assert most_telling(scripted(weights, ago, effective=[False] * 5))[0] in (1, 4)


def test_on_the_last_step_no_action_counts():
    """Where a task does not say which actions have an effect, all do but the last."""
    task = Walk()
    agent = make_agent(task.interface, replace(SIZES, memory=NoMemorySizes(width=8)))
    episode = next(record(agent, task, episodes=1, seed=0))
    assert episode.effective.tolist() == [True] * (episode.length - 1) + [False]
