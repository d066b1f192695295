"""Training in pure and host worlds, and errors that say what to do."""

import os
import subprocess
import sys

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from contract.reference_worlds import StepByStep

from engrax.agents import AGENTS, ActorCritic
from engrax.algorithms import PPO
from engrax.envs import Recall
from engrax.errors import UserError
from engrax.evaluation.play import play
from engrax.runtime import Pure, measured
from engrax.runtime.trainer import summary
from engrax.testing.contract import quick_jit
from engrax.viewing.record import record

from .small import SIZES, TASK, Layered, after, expect_same, make_agent, make_trainer


@pytest.mark.slow
@pytest.mark.parametrize("whole_episodes", [False, True])
@pytest.mark.parametrize("name", AGENTS)
def test_a_host_world_trains_the_same_agent_with_the_same_metrics(name, whole_episodes):
    """To rounding: learning is compiled with acting where the world is pure, and apart if not."""
    agent = make_agent(name)
    (traced, metrics), (by_step, others) = (
        after(make_trainer(name, world, agent, whole_episodes=whole_episodes), 2)
        for world in (Pure(TASK), StepByStep(TASK))
    )
    expect_same(by_step.learner, traced.learner, 1e-5)
    expect_same(by_step.streams.agent, traced.streams.agent, 1e-5)
    for one, other in zip(map(measured, others), map(measured, metrics), strict=True):
        assert one == pytest.approx(other, rel=1e-4, abs=1e-6)
        assert one["episodes"] == other["episodes"]
        assert one["return"] == other["return"]
    assert int(traced.learner.updates) == 2


@pytest.mark.slow
def test_a_memory_with_a_leaf_that_is_no_array_trains_plays_and_records_in_both_worlds():
    make = lambda key: ActorCritic(TASK.interface, SIZES["actor_critic"], memory=Layered, key=key)  # noqa: E731
    agent = quick_jit(make)(jax.random.key(0))
    results = []
    for world in (Pure(TASK), StepByStep(TASK)):
        state, _ = after(make_trainer(world=world, agent=agent), 2)
        trained = state.learner.agent
        assert trained.memory.network.activation is agent.memory.network.activation
        moved = jnp.abs(
            trained.memory.network.layers[0].weight - agent.memory.network.layers[0].weight
        )
        assert moved.max() > 0
        played = play(trained, world, episodes=3, seed=0)
        episode = next(record(trained, world, episodes=1, seed=0))
        results.append((trained, played, episode))
    expect_same(results[1], results[0], 1e-5)


@pytest.mark.slow
def test_the_seeds_of_a_vmapped_step_are_trained_as_each_alone():
    """The states are stacked, and the update is traced once for all of them."""
    trainer = make_trainer()
    others = [
        make_trainer(agent=make_agent(seed=seed), key=jax.random.key(seed)) for seed in (2, 3)
    ]
    states = [other.init() for other in others]
    together = jax.tree.map(lambda *leaves: jnp.stack(leaves), *states)
    together, metrics = jax.jit(jax.vmap(trainer.step))(together)
    for index, (other, state) in enumerate(zip(others, states, strict=True)):
        alone, own = other.update(state)
        pairs = zip(
            jax.tree.leaves(together.learner.agent),
            jax.tree.leaves(alone.learner.agent),
            strict=True,
        )
        for both, one in pairs:
            np.testing.assert_allclose(both[index], one, rtol=1e-4, atol=1e-6)
        np.testing.assert_allclose(metrics["loss"][index], own["loss"], rtol=1e-4)


def test_the_trainer_s_own_agent_survives_training():
    trainer = make_trainer()
    before = jax.tree.map(np.asarray, eqx.filter(trainer.agent, eqx.is_array))
    state, _ = after(trainer, 1)
    expect_same(eqx.filter(trainer.agent, eqx.is_array), before)
    assert np.any(
        np.asarray(state.learner.agent.policy.layers[1].weight) != before.policy.layers[1].weight
    )


def test_environment_steps_are_those_of_all_streams():
    assert (
        make_trainer(streams=6, segment_length=5, learner=PPO(minibatches=2)).environment_steps(3)
        == 90
    )


# Episodes that did not end


@pytest.mark.parametrize(
    "world", [Pure(Recall(delay=8)), StepByStep(Recall(delay=8))], ids=["pure", "host"]
)
def test_where_no_episode_ended_metrics_are_finite_and_have_no_return(world):
    _, (metrics,) = after(make_trainer(world=world, segment_length=3), 1)
    assert all(np.isfinite(value) for value in metrics.values())
    assert metrics["episodes"] == 0
    numbers = measured(metrics)
    assert "return" not in numbers
    assert "success" not in numbers
    assert "loss" in numbers


def test_means_over_episodes_are_over_those_that_ended():
    from engrax.runtime import Episodes

    last = jnp.asarray([[False, True, False], [True, False, True]])
    returns = jnp.asarray([[9.0, 1.0, 9.0], [2.0, 9.0, 6.0]])
    metrics = summary(Episodes(last, returns, returns > 1.0))
    assert measured(metrics) == {"episodes": 3, "return": 3, "success": pytest.approx(2 / 3)}
    assert "success" not in summary(Episodes(last, returns, None))


SCRIPT = """
import jax
from engrax.agents import ActorCriticSizes, MERLINSizes
from engrax.algorithms import PPO
from engrax.envs import Recall
from engrax.evaluation.play import play
from engrax.memory import MEMORIES
from engrax.runtime import Trainer

task = Recall(delay=8)
for name in {names}:
    memory = MEMORIES.get(name, MEMORIES["none"]).tiny()
    sizes = ActorCriticSizes(memory=memory, hidden=4) if name in MEMORIES else MERLINSizes().tiny()
    agent = sizes.build(task.interface, key=jax.random.key(0))
    settings = {{"streams": 2, "segment_length": 3, "key": jax.random.key(1)}}
    trainer = Trainer(agent, task, PPO(minibatches=1, epochs=1), **settings)
    state = trainer.init()
    dtypes = lambda tree: sorted({{str(leaf.dtype) for leaf in jax.tree.leaves(tree)}})
    before = dtypes(state)
    for _ in range(2):
        state, metrics = trainer.update(state)
    assert dtypes(state) == before, (before, dtypes(state))
    assert not any("64" in dtype for dtype in before), before
    assert play(state.learner.agent, task, episodes=2, seed=0).returns.dtype == "float32"
    print(name, float(metrics["loss"]))
"""


def run_script(names, **environment):
    """Trains for two updates in a process of its own."""
    words = [sys.executable, "-c", SCRIPT.format(names=names)]
    surroundings = {**os.environ, "JAX_PLATFORMS": "cpu", **environment}
    return subprocess.run(words, capture_output=True, text=True, env=surroundings, check=False)


@pytest.mark.slow
def test_training_has_no_division_by_zero_where_no_episode_ended():
    done = run_script(["lstm"], JAX_DEBUG_NANS="1")
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["lstm", "merlin"])
def test_training_works_where_jax_has_64_bits(name):
    """States keep their 32 bits; `unit/memory/test_x64.py` has all memories."""
    done = run_script([name], JAX_ENABLE_X64="1")
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.startswith(name)


# Errors


def test_a_name_of_a_gymnasium_task_is_refused_with_what_to_pass():
    with pytest.raises(UserError, match="world is 'CartPole-v1', expected an environment") as e:
        make_trainer(world="CartPole-v1")
    assert "GymnasiumTask('CartPole-v1') from engrax.gym" in str(e.value)


@pytest.mark.parametrize(
    ("use", "name"),
    [
        (lambda agent, world: make_trainer(world=world, agent=agent), "train"),
        (lambda agent, world: play(agent, world, episodes=1, seed=0), "play"),
        (lambda agent, world: record(agent, world, episodes=1, seed=0), "record"),
    ],
    ids=["train", "play", "record"],
)
@pytest.mark.parametrize(
    "world", [Recall(num_cues=5), StepByStep(Recall(num_cues=5))], ids=["pure", "host"]
)
def test_a_world_that_the_agent_was_not_made_for_is_named(use, name, world):
    del name
    with pytest.raises(
        UserError, match=r"actions are Discrete\(size=5\), expected Discrete\(size=4\)"
    ) as e:
        use(make_agent(), world)
    assert "\n" not in str(e.value)


@pytest.mark.parametrize("world", [Pure(TASK), StepByStep(TASK)], ids=["pure", "host"])
def test_a_state_that_was_used_up_is_refused_with_what_to_do(world):
    trainer = make_trainer(world=world)
    state = trainer.init()
    kept = jax.tree.map(jnp.array, eqx.filter(state, eqx.is_array)) if world.pure else None
    trainer.update(state)
    with pytest.raises(
        ValueError, match="this state was used up by an earlier update: go on from"
    ) as e:
        trainer.update(state)
    assert "jax.tree.map(jnp.array, state)" in str(e.value)
    assert "\n" not in str(e.value)
    if kept is not None:
        trainer.update(eqx.combine(kept, state))


@pytest.mark.parametrize(("streams", "minibatches"), [(6, 4), (2, 4), (0, 1)])
def test_streams_that_minibatches_do_not_divide_are_named(streams, minibatches):
    message = f"streams is {streams}, which learner.minibatches, {minibatches}, does not divide"
    with pytest.raises(ValueError, match=message) as e:
        make_trainer(streams=streams, learner=PPO(minibatches=minibatches))
    assert "\n" not in str(e.value)
