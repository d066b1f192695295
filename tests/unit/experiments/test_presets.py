"""Every preset, at debug size, trains for a few updates; learning state carries over exactly."""

import dataclasses
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from engrax.experiments.codec import decode, encode
from engrax.experiments.config import Experiment
from engrax.experiments.presets import PRESETS, debug_size


@pytest.mark.parametrize("name", PRESETS)
def test_presets_survive_a_round_trip_through_json(name):
    assert decode(Experiment, encode(PRESETS[name])) == PRESETS[name]


SMALL = {debug_size(preset): name for name, preset in reversed(PRESETS.items())}
"""Of presets that are the same at debug size, the first."""


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(SMALL.values()))
def test_presets_train_at_debug_size(name):
    trainer = debug_size(PRESETS[name]).build()
    state = trainer.init()
    before = jax.tree.map(np.asarray, state.agent)
    for _ in range(2):
        state, metrics = trainer.update(state)
    assert int(state.updates) == 2
    assert trainer.environment_steps(2) == 2 * 4 * 16
    assert all(math.isfinite(v) for k, v in metrics.items() if k not in ("return", "success")), metrics
    moved = jax.tree.map(lambda a, b: bool(np.any(a != np.asarray(b))), before, state.agent)
    parts = {field.name for field in dataclasses.fields(moved) if not field.metadata.get("static")}
    for name in parts - {"policy"}:  # it may have had no choice yet
        changed = jax.tree.leaves(getattr(moved, name))
        assert any(changed) or not changed, f"nothing was learnt by {name}"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "senses"), [("merlin-ballet-debug", ["image", "text"]), ("merlin-recall-debug", ["vector"])]
)
def test_merlins_reconstructions_fall(name, senses):
    """Over the same experience again and again, at a rate at which a few dozen updates tell."""
    experiment = PRESETS[name]
    learner = dataclasses.replace(experiment.learner, learning_rate=5e-3, max_gradient_norm=1e6, minibatches=1)
    trainer = dataclasses.replace(experiment, learner=learner, streams=1).build()
    state = trainer.init()
    _, segments, _ = jax.jit(trainer.act)(state.agent, state.actors, state.key)
    learn, agent, optimiser, costs = jax.jit(trainer.learn), state.agent, state.optimiser, []
    for number in range(30):
        agent, optimiser, metrics = learn(agent, optimiser, segments, state.key, jnp.int32(number))
        costs.append([float(metrics[f"reconstruct_{sense}"]) for sense in senses])
    assert np.all(np.mean(costs[-3:], axis=0) < 0.8 * np.mean(costs[:3], axis=0)), costs


@pytest.mark.parametrize(
    ("agent", "memory"), [("merlin", "hcam"), ("merlin", "rl_mem"), ("actor_critic", "retroactive")]
)
def test_agents_and_memories_that_do_not_go_together_are_named(agent, memory):
    data = encode(PRESETS["debug"])
    with pytest.raises(ValueError, match=f"agent {agent} does not go with memory {memory}"):
        decode(Experiment, {**data, "agent": {"kind": agent}, "memory": {"kind": memory}})


@pytest.mark.slow
def test_whole_episodes_open_every_segment_afresh():
    experiment = dataclasses.replace(debug_size(PRESETS["debug"]), whole_episodes=True)
    trainer = experiment.build()
    state = trainer.init()
    for _ in range(2):
        _, segments, _ = jax.jit(trainer.act)(state.agent, state.actors, state.key)
        state, _ = trainer.update(state)
        assert np.all(segments.steps.first[:, 0])
        assert segments.state is None


@pytest.mark.slow
def test_segments_share_the_step_between_them():
    trainer = debug_size(PRESETS["debug"]).build()
    state = trainer.init()
    act = jax.jit(trainer.act)
    actors, first, _ = act(state.agent, state.actors, jax.random.key(1))
    _, second, _ = act(state.agent, actors, jax.random.key(2))
    shared = jax.tree.map(lambda a, b: (a[:, -1], b[:, 0]), first.inputs, second.inputs)
    for end, start in jax.tree.leaves(shared, is_leaf=lambda x: isinstance(x, tuple)):
        np.testing.assert_array_equal(end, start)
    np.testing.assert_array_equal(jax.random.key_data(first.keys[:, -1]), jax.random.key_data(second.keys[:, 0]))
    np.testing.assert_allclose(first.logits[:, -1], second.logits[:, 0], atol=1e-5)


@pytest.mark.parametrize(
    ("changed", "message"),
    [({"streams": 6}, "does not divide"), ({"segment_length": 0}, "segment_length is 0"), ({"updates": 0}, "updates")],
)
def test_what_does_not_fit_is_named(changed, message):
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(PRESETS["hcam-ballet-laptop"], **changed)
