"""What is found of a decision is what the agent does in that state, and without what it recalls."""

import operator

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from engrax.agents import ActorCriticSizes, MERLINSizes
from engrax.envs import Recall
from engrax.memory import DNCSizes, LSTMSizes
from engrax.testing.contract import quick_jit
from engrax.types import Recall as Recalled
from engrax.viewing.ablation import by_step, most_recalled
from engrax.viewing.inspection import inputs_of, inspect, recall_of

from .episodes import SIZES

TASK = Recall(delay=6, distractors=True)
LENGTH = 6 + 3


def inspected(sizes):
    agent = quick_jit(lambda key: sizes.build(TASK.interface, key=key))(jax.random.key(0))
    return agent, next(inspect(agent, TASK, episodes=1, seed=5))


@pytest.mark.slow
@pytest.mark.parametrize("sizes", [SIZES, MERLINSizes().tiny()], ids=["hcam", "merlin"])
def test_effects_are_differences_of_log_probabilities(sizes):
    """Played again by hand: each step as it was, and without each thing that it recalls."""
    agent, seen = inspected(sizes)
    inps = inputs_of(TASK.interface, seen.episode)
    keys = jax.random.wrap_key_data(jnp.asarray(seen.episode.detail.key))
    group = recall_of(agent).group
    state, compared = agent.init_state(), 0
    step = quick_jit(lambda agent, state, inp, key: agent.step(state, inp, key=key))
    recall = quick_jit(lambda state, inp, key: agent.recall(state, inp, key=key))
    for time in range(LENGTH):
        inp, key = jax.tree.map(operator.itemgetter(time), inps), keys[time]
        action = jnp.asarray(seen.episode.action[time])
        after, again, output = step(agent, state, inp, key)
        assert int(again) == int(action)
        shown = recall(state, inp, key)
        np.testing.assert_allclose(
            seen.attention[time].sum(), np.asarray(shown.weights).sum(), atol=1e-4
        )
        whole = output.policy.log_probability(action)
        valid = np.asarray(shown.valid).reshape(-1, group).any(axis=1)
        for unit in np.flatnonzero(valid).tolist():
            other, cut = agent.without(state, jnp.int32(unit))
            effect = whole - step(other, cut, inp, key)[2].policy.log_probability(action)
            items = slice(unit * group, (unit + 1) * group)
            past = time - np.asarray(shown.steps_ago)[items][np.asarray(shown.valid)[items]]
            np.testing.assert_allclose(seen.ablation[time, past], effect, atol=1e-4)
            compared += 1
        state = after
    assert compared >= 5
    assert np.isnan(seen.ablation[0]).all()
    assert np.nanmax(np.abs(seen.ablation)) > 1e-5


@pytest.mark.slow
def test_an_lstm_has_saliency_and_nothing_that_it_attends_to():
    _, seen = inspected(ActorCriticSizes(memory=LSTMSizes(width=8), hidden=8))
    assert seen.readers == ()
    assert seen.attention.shape == (LENGTH, 0, LENGTH)
    assert seen.ablation is seen.written is seen.chunk is None
    assert seen.visible.all()
    assert seen.saliency is not None
    decisions = np.flatnonzero(seen.episode.effective)
    assert np.isnan(np.delete(seen.saliency, decisions, axis=0)).all()
    assert (seen.saliency[decisions, 0] > 0.0).all()  # the cue


@pytest.mark.slow
def test_rows_say_what_they_hold_and_chunks_what_is_in_reach():
    _, rows = inspected(ActorCriticSizes(memory=DNCSizes.tiny(), hidden=8))
    assert rows.written is not None
    assert rows.written.shape == (LENGTH, 4)
    assert (rows.written < np.arange(LENGTH)[:, None]).all()
    agent, chunks = inspected(SIZES)
    assert chunks.chunk == 2
    assert chunks.readers == recall_of(agent).readers == ("layer 1, head 1", "layer 1, head 2")
    # Three chunks of two steps, and the steps that are in no chunk yet.
    np.testing.assert_array_equal(np.flatnonzero(~chunks.visible[8, :9]), [0, 1])
    np.testing.assert_array_equal(chunks.visible[1], np.arange(LENGTH) <= 1)
    np.testing.assert_allclose(chunks.attention.sum(axis=2)[2:], 1.0, atol=1e-5)


@pytest.mark.slow
def test_what_merlin_stores_can_be_looked_at():
    """Its z is decoded; the usage of a row is the sum of what was read of it before."""
    agent, seen = inspected(MERLINSizes().tiny())
    assert seen.recollected is not None
    vectors = seen.episode.observation["vector"]
    assert seen.recollected["vector"].shape == vectors.shape
    inps = inputs_of(TASK.interface, seen.episode)
    keys = jax.random.wrap_key_data(jnp.asarray(seen.episode.detail.key))
    outs = agent.unroll(None, inps, jnp.asarray(seen.episode.action), keys)[1]
    z = outs.auxiliary.percept.latent
    expected = agent.senses.decoders["vector"](z)
    np.testing.assert_allclose(seen.recollected["vector"], expected, atol=1e-5)
    usage = seen.episode.detail.usage
    assert usage.shape == seen.written.shape
    assert np.all(usage[0] == 0.0)
    read = np.asarray(agent.reads(outs).weights).sum(axis=1)  # of the policy and the predictor
    np.testing.assert_allclose(usage[4].sum(), read[:4].sum(), atol=1e-3)


def test_the_most_recalled_groups_come_first_and_empty_ones_not_at_all():
    weights = jnp.asarray([[0.1, 0.1, 0.5, 0.0, 0.0, 0.3], [0.1, 0.1, 0.1, 0.0, 0.0, 0.7]])
    valid = jnp.asarray([True, True, True, True, False, True])
    recall = Recalled(weights, jnp.arange(6)[::-1], valid, ("a", "b"), group=2)
    assert most_recalled(recall, 2).tolist() == [2, 1]
    nowhere = Recalled(weights, jnp.arange(6), valid.at[4:].set(False), ("a", "b"), group=2)
    assert most_recalled(nowhere, 16).tolist() == [1, 0, -1]


def test_all_steps_of_a_chunk_have_its_effect():
    ago = np.array([[0, 0, 0, 0], [1, 0, 0, 0], [2, 1, 0, 0], [3, 2, 1, 0]])
    valid = ago > 0
    units = np.array([[-1, -1], [0, -1], [0, -1], [1, 0]])
    found = np.array([[0.0, 0.0], [0.5, 0.0], [0.25, 0.0], [-1.0, 2.0]], np.float32)
    effect = by_step(4, 2, ago, valid, units, found)
    nan = np.nan
    expected = [[nan] * 4, [0.5, nan, nan, nan], [0.25, 0.25, nan, nan], [2.0, 2.0, -1.0, nan]]
    np.testing.assert_array_equal(effect, np.asarray(expected, np.float32))


def test_of_several_rows_with_one_step_the_largest_effect_counts():
    ago = np.array([[0, 0, 0], [1, 1, 1]])
    units, found = np.array([[-1, -1, -1], [2, 0, 1]]), np.array([[0, 0, 0], [0.5, -2.0, 0.1]])
    effect = by_step(2, 1, ago, ago > 0, units, found.astype(np.float32))
    assert effect[1, 0] == -2.0
