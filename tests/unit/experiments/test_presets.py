"""Every preset, at debug size, trains for a few updates; learning state carries over exactly."""

import dataclasses
import json
import math

import equinox as eqx
import jax
import numpy as np
import pytest

from engrax.agents import AGENTS, ActorCriticSizes
from engrax.algorithms import LEARNERS
from engrax.experiments import Experiment, kind_of
from engrax.experiments.codec import decode, encode
from engrax.experiments.presets import DESCRIPTIONS, PRESETS, debug_size
from engrax.memory import MEMORIES
from engrax.runtime import measured


@pytest.mark.parametrize("name", PRESETS)
def test_presets_survive_a_round_trip_through_json(name):
    assert decode(Experiment, encode(PRESETS[name])) == PRESETS[name]


def test_every_preset_is_described_in_a_line_of_its_own():
    assert list(DESCRIPTIONS) == list(PRESETS)
    assert len(set(DESCRIPTIONS.values())) == len(DESCRIPTIONS)
    for text in DESCRIPTIONS.values():
        assert 20 < len(text) <= 100
        assert text.isprintable()


def test_presets_have_whatever_there_is():
    """A registry's entry without a preset is one that nobody can try."""
    agents = [preset.agent for preset in PRESETS.values()]
    memories = [agent.memory for agent in agents if isinstance(agent, ActorCriticSizes)]
    assert {kind_of(agent) for agent in agents} == set(AGENTS)
    assert {kind_of(memory) for memory in memories} == set(MEMORIES)
    assert {kind_of(preset.learner) for preset in PRESETS.values()} == set(LEARNERS)


def program(preset):
    """What an update at debug size compiles; learners' numbers change it only by being 0."""
    small = debug_size(preset)
    learner = {
        name: bool(value) if isinstance(value, float) else value
        for name, value in encode(small.learner).items()
    }
    return json.dumps({**encode(small), "learner": learner})


SMALL = {program(preset): name for name, preset in reversed(PRESETS.items())}
"""Of presets that compile the same, the first."""


def to_train():
    """Presets, those of HCAM first. One whose memory, kind of task and other settings were all met
    trains in `make learn`: they meet only by contracts with suites of their own.
    """
    met = set()
    for name in sorted(SMALL.values(), key=lambda name: (not name.startswith("hcam"), name)):
        settings = json.loads(program(PRESETS[name]))
        memory, task = settings["agent"].pop("memory", None), settings.pop("task")
        parts = {json.dumps(part) for part in (memory, task["kind"], settings)}
        yield pytest.param(name, marks=[pytest.mark.learn] if parts <= met else [])
        met |= parts


@pytest.mark.slow
@pytest.mark.parametrize("name", list(to_train()))
def test_presets_train_at_debug_size(name):
    trainer = debug_size(PRESETS[name]).build()
    state = trainer.init()
    before = jax.tree.map(np.asarray, parameters(state.learner.agent))
    for _ in range(2):
        state, metrics = trainer.update(state)
    assert int(state.learner.updates) == 2
    assert trainer.environment_steps(2) == 2 * 4 * 16
    assert all(map(math.isfinite, measured(metrics).values())), metrics
    after = parameters(state.learner.agent)
    moved = jax.tree.map(lambda a, b: bool(np.any(a != np.asarray(b))), before, after)
    parts = {field.name for field in dataclasses.fields(moved) if not field.metadata.get("static")}
    for name in parts - {"policy"}:  # it may have had no choice yet
        changed = jax.tree.leaves(getattr(moved, name))
        assert any(changed) or not changed, f"{name} did not change"


def parameters(agent):
    return eqx.filter(agent, eqx.is_inexact_array)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "parts"),
    [("merlin-ballet-debug", ["image", "text"]), ("merlin-recall-debug", ["vector"])],
)
def test_merlins_reconstructions_fall(name, parts):
    """Over the same experience again and again, at a rate at which a few dozen updates show."""
    experiment = PRESETS[name]
    learner = dataclasses.replace(
        experiment.learner, learning_rate=5e-3, max_gradient_norm=1e6, minibatches=1
    )
    trainer = dataclasses.replace(experiment, learner=learner, streams=1).build()
    state = trainer.init()
    _, segments, _ = acted(trainer, state)
    learn, learner, costs = eqx.filter_jit(trainer.learn), state.learner, []
    for _ in range(30):
        learner, metrics = learn(learner, segments, state.learner.key)
        costs.append([float(metrics[f"reconstruct_{part}"]) for part in parts])
    assert np.all(np.mean(costs[-3:], axis=0) < 0.8 * np.mean(costs[:3], axis=0)), costs


def acted(trainer, state, streams=None, seed=1):
    """The acting half of an update, compiled: streams, segments, episodes."""
    act = eqx.filter_jit(trainer.act)
    return act(state.learner.agent, streams or state.streams, jax.random.key(seed))


@pytest.mark.slow
def test_whole_episodes_open_every_segment_afresh():
    experiment = dataclasses.replace(debug_size(PRESETS["debug"]), whole_episodes=True)
    trainer = experiment.build()
    state = trainer.init()
    for _ in range(2):
        _, segments, _ = acted(trainer, state)
        state, _ = trainer.update(state)
        assert np.all(segments.steps.first[:, 0])
        assert segments.state is None


@pytest.mark.slow
def test_segments_share_the_step_between_them():
    trainer = debug_size(PRESETS["debug"]).build()
    state = trainer.init()
    streams, first, _ = acted(trainer, state, seed=1)
    _, second, _ = acted(trainer, state, streams, seed=2)
    shared = jax.tree.map(lambda a, b: (a[:, -1], b[:, 0]), first.inputs, second.inputs)
    for end, start in jax.tree.leaves(shared, is_leaf=lambda x: isinstance(x, tuple)):
        np.testing.assert_array_equal(end, start)
    keys = [jax.random.key_data(segment.keys) for segment in (first, second)]
    np.testing.assert_array_equal(keys[0][:, -1], keys[1][:, 0])
    logits = [segment.policy.logits for segment in (first, second)]
    np.testing.assert_allclose(logits[0][:, -1], logits[1][:, 0], atol=1e-5)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"streams": 6}, "does not divide"),
        ({"segment_length": 0}, "segment_length is 0"),
        ({"updates": 0}, "updates is 0"),
        ({"seed": 2**32}, "seed is 4294967296"),
    ],
)
def test_what_does_not_fit_is_named(changed, message):
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(PRESETS["hcam-ballet-laptop"], **changed)


def test_another_length_scales_the_ramps():
    experiment = PRESETS["hcam-ballet-levels"].of_length(30)
    ramp = experiment.learner.learning_rate_ramp
    assert (experiment.updates, ramp.start, ramp.updates, ramp.end) == (30, 13, 17, 0.1)
