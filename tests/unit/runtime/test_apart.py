"""Learning apart from acting: the same numbers from segments that came as plain data."""

from dataclasses import replace

import jax
import numpy as np
import pytest

from engrax.experiments.presets import PRESETS
from engrax.runtime import Placement
from engrax.runtime.apart import ApartTrainer, Collector, Parcel, joined, to_plain
from engrax.runtime.trainer import arrays_of, summary

START = PRESETS["lstm-cartpole-hidden"]
RUN = replace(
    START, streams=4, segment_length=5, learner=replace(START.learner, minibatches=2, epochs=1)
)
SHARE = replace(RUN, streams=2, learner=replace(RUN.learner, minibatches=1))


class Near:
    """Actors in this process, each of which has two segments in flight."""

    def __init__(self, collectors):
        self.collectors, self.waiting, self.given = collectors, [], None

    def give(self, arrays, updates):
        first, self.given = self.given is None, (arrays, updates)
        for collector in 2 * self.collectors if first else ():
            self.ask(collector)

    def ask(self, collector):
        self.waiting.append((collector, collector.collect(*self.given)))

    def take(self, count):
        taken, self.waiting = self.waiting[:count], self.waiting[count:]
        for collector, _ in taken:
            self.ask(collector)
        return [parcel for _, parcel in taken]

    def counted(self):
        return {"queue": float(len(self.waiting)), "actor_restarts": 0.0}


@pytest.fixture(scope="module")
def parcels():
    collectors = [Collector(replace(SHARE, seed=seed).build()) for seed in (5, 6)]
    arrays = [np.asarray(leaf) for leaf in arrays_of(RUN.build().agent)]
    return [collector.collect(arrays, 0) for collector in collectors]


def test_what_a_parcel_holds_is_what_was_collected(parcels):
    trainer = replace(SHARE, seed=5).build()
    agent, streams = RUN.build().agent, trainer.init().streams
    key = jax.random.split(jax.random.fold_in(trainer.key, 1))[1]
    _, segments, episodes = trainer.act(agent, streams, key)
    got = joined([(parcels[0].segments, parcels[0].episodes)])
    want = jax.tree.leaves((segments, episodes))
    assert len(jax.tree.leaves(got)) == len(want)
    for leaf, other in zip(jax.tree.leaves(got), want, strict=True):
        assert leaf.dtype == other.dtype
        np.testing.assert_array_equal(words(leaf), words(other))


def words(leaf):
    key = jax.numpy.issubdtype(leaf.dtype, jax.dtypes.prng_key)
    return np.asarray(jax.random.key_data(leaf) if key else leaf)


def test_parcels_are_plain_data(parcels):
    for leaf in jax.tree.leaves(parcels[0]):
        assert isinstance(leaf, np.ndarray | str | int | float)


def test_an_update_is_the_learning_half_of_one(parcels):
    """From the streams of all actors, in the order in which they came."""

    class Once(Near):
        def take(self, count):
            assert count == 2
            return parcels[::-1]

    run = replace(RUN, placement=Placement(actors=2))
    apart = ApartTrainer(run.build(), Once([]))
    state, metrics = apart.update(apart.init())
    learner = run.build().init_learner()
    segments, episodes = joined([(one.segments, one.episodes) for one in parcels[::-1]])
    assert segments.steps.reward.shape == (4, 6)
    following, key = jax.random.split(learner.key)
    learner, wanted = run.build().learned(learner, segments, key, following)
    for got, want in zip(jax.tree.leaves(state.learner), jax.tree.leaves(learner), strict=True):
        if isinstance(got, jax.Array):
            np.testing.assert_array_equal(words(got), words(want))
    for name, value in (wanted | summary(episodes)).items():
        np.testing.assert_array_equal(metrics[name], value)
    assert state.streams is None
    assert apart.environment_steps(3) == 3 * 4 * 5


def test_lag_is_that_of_two_segments_in_flight():
    collectors = [Collector(replace(SHARE, seed=seed).build()) for seed in (5, 6)]
    actors = Near(collectors)
    apart = ApartTrainer(replace(RUN, placement=Placement(actors=2)).build(), actors)
    state, lags = apart.init(), []
    for _ in range(4):
        state, metrics = apart.update(state)
        lags.append((float(metrics["lag"]), float(metrics["lag_max"])))
    assert lags == [(0, 0), (1, 1), (2, 2), (2, 2)]
    assert float(metrics["queue"]) == 4
    assert float(metrics["worker_cpu_seconds"]) > 0


def test_words_of_keys_come_back():
    keys = jax.random.split(jax.random.key(3, impl="rbg"), 4)
    parts = [to_plain({"keys": part, "none": None}) for part in (keys[:1], keys[1:])]
    again = joined(parts)["keys"]
    assert again.dtype == keys.dtype
    np.testing.assert_array_equal(words(again), words(keys))
    assert isinstance(parts[0]["keys"].numbers, np.ndarray)
    assert Parcel(0, parts[0], None, 0.0).updates == 0
