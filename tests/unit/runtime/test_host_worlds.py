"""Gymnasium environments as worlds: laws, exact resume by replaying open episodes, and what happens
where it fails.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from engrax.agents import MERLIN, ActorCritic, ActorCriticSizes, MERLINSizes
from engrax.algorithms import PPO
from engrax.evaluation.play import play
from engrax.gym.task import GymnasiumTask
from engrax.memory import HCAMSizes
from engrax.runs import checkpoint
from engrax.runtime import Host, Placement, Trainer, TrainState
from engrax.testing import check_world
from engrax.viewing.record import record

REMEMBER = GymnasiumTask("unit.gym.environments:tests/RememberPair-v0", states_success=True)
CARTPOLE = GymnasiumTask("CartPole-v1")
PRIVATE = GymnasiumTask("unit.gym.environments:tests/Drawing-v0", '{"private": true}')
TINY = ActorCriticSizes(memory=HCAMSizes.tiny(), hidden=4)


def make_trainer(task, agent=None, **changed):
    agent = ActorCritic(task.interface, TINY, key=jax.random.key(0)) if agent is None else agent
    sizes = {"streams": 4, "segment_length": 11, "key": jax.random.key(1)} | changed
    return Trainer(agent, task, PPO(minibatches=2, epochs=1), **sizes)


def placed(workers, groups):
    return Placement(devices=1, workers=workers, groups=groups)


def after(trainer, state, updates):
    for _ in range(updates):
        state, metrics = trainer.update(state)
    return state, metrics


def through_a_file(trainer, state, path):
    """The state as another process would find it: written, and read in the form of shapes alone."""
    checkpoint.save(path, trainer.saved(state))
    shapes = eqx.filter_eval_shape(trainer.shadow().init)
    return trainer.restored(checkpoint.restore(checkpoint.load(path), shapes, path))


def same(one, other):
    pairs = zip(
        jax.tree.leaves(eqx.filter(one, eqx.is_array)),
        jax.tree.leaves(eqx.filter(other, eqx.is_array)),
        strict=True,
    )
    for got, want in pairs:
        if jnp.issubdtype(got.dtype, jax.dtypes.prng_key):
            got, want = jax.random.key_data(got), jax.random.key_data(want)
        np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize(
    "task", [REMEMBER, CARTPOLE], ids=["dicts and several choices", "cart and pole"]
)
def test_gymnasium_environments_keep_the_laws_of_worlds(task):
    check_world(task, steps=60)


@pytest.mark.slow
@pytest.mark.parametrize(
    "task", [REMEMBER, CARTPOLE], ids=["dicts and several choices", "cart and pole"]
)
def test_a_run_goes_on_bit_for_bit_where_episodes_can_be_played_again(task, tmp_path):
    trainer = make_trainer(task)
    whole, metrics = after(trainer, trainer.init(), 4)
    half, _ = after(trainer, trainer.init(), 2)
    back, lost = through_a_file(trainer, half, tmp_path / "half")
    assert lost == 0
    again, same_metrics = after(trainer, back, 2)
    same(trainer.saved(again), trainer.saved(whole))
    assert metrics == same_metrics


@pytest.mark.slow
def test_streams_that_cannot_be_played_again_open_new_episodes_and_the_learner_is_exact(tmp_path):
    trainer = make_trainer(PRIVATE)
    state, _ = after(trainer, trainer.init(), 2)
    learner = jax.tree.map(jnp.array, eqx.filter(state.learner, eqx.is_array))
    back, lost = through_a_file(trainer, state, tmp_path / "state")
    assert lost == 4
    same(back.learner, learner)
    assert np.all(back.streams.step.first)
    assert np.all(back.streams.step.reward == 0)
    assert np.any(np.asarray(state.streams.episode_return) > 0)
    assert np.all(np.asarray(back.streams.episode_return) == 0)
    going, metrics = after(trainer, back, 1)
    assert int(going.learner.updates) == 3
    assert np.isfinite(metrics["loss"])


@pytest.mark.slow
def test_merlin_plays_where_actions_are_several_choices():
    agent = MERLIN(REMEMBER.interface, MERLINSizes().tiny(), key=jax.random.key(0))
    trainer = make_trainer(REMEMBER, agent)
    state, metrics = after(trainer, trainer.init(), 1)
    assert np.isfinite(metrics["loss"])
    assert isinstance(state, TrainState)


def test_what_is_recorded_is_what_was_played():
    agent = ActorCritic(REMEMBER.interface, TINY, key=jax.random.key(0))
    played = play(agent, REMEMBER, episodes=5, seed=3)
    recorded = list(record(agent, REMEMBER, episodes=5, seed=3))
    np.testing.assert_allclose([episode.total for episode in recorded], played.returns)
    np.testing.assert_array_equal([episode.length for episode in recorded], played.lengths)
    np.testing.assert_array_equal([episode.success for episode in recorded], played.successes)
    assert recorded[0].policy.shape == (6, 5)


def test_a_stream_s_episodes_follow_from_its_key_alone():
    world = Host(REMEMBER)
    keys = jax.random.split(jax.random.key(5), 3)
    together, alone = world.open(keys)[1], world.open(keys[1:2])[1]
    for name, part in together.observation.items():
        np.testing.assert_array_equal(part[1:2], alone.observation[name])


@pytest.mark.slow
def test_worker_processes_change_no_bit_and_groups_only_rounding():
    trained = {
        pair: after(trainer := make_trainer(REMEMBER, placement=placed(*pair)), trainer.init(), 2)
        for pair in ((0, 1), (0, 2), (2, 2))
    }
    states = {pair: trainer.saved(state) for pair, (state, _) in trained.items()}
    same(states[2, 2], states[0, 2])
    assert trained[2, 2][1].pop("worker_restarts") == 0
    assert 0.0 < trained[2, 2][1].pop("worker_cpu_seconds") < 10.0
    assert trained[2, 2][1] == trained[0, 2][1]
    one, two = (states[0, groups].learner.agent for groups in (1, 2))
    arrays = (jax.tree.leaves(eqx.filter(agent, eqx.is_inexact_array)) for agent in (one, two))
    for got, want in zip(*arrays, strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-3, atol=1e-5)


@pytest.mark.slow
def test_segments_of_whole_episodes_use_the_same_environments():
    trainer = make_trainer(REMEMBER, whole_episodes=True)
    state = trainer.init()
    environments = state.streams.world
    later, _ = after(trainer, state, 2)
    assert later.streams.world is environments


def test_processes_and_groups_are_checked():
    with pytest.raises(ValueError, match="workers is -1, expected at least 0"):
        Placement(workers=-1)
    with pytest.raises(ValueError, match=r"worker_timeout is 0\.0, expected above 0 seconds"):
        Placement(worker_timeout=0.0)
    with pytest.raises(ValueError, match=r"placement\.groups is 3, expected what divides 4"):
        make_trainer(REMEMBER, placement=placed(0, 3))
