"""The probe's values, measured with scripted players."""

import functools

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import Array

from engrax.envs.recall import Recall
from engrax.types import TimeStep

STREAMS, EPISODES = 64, 40
CUES = ("independent", "contradictory", "late")
PLAYERS = ("perfect", "blind", "constant", "leaking")

Notes = tuple[Array, Array]  # the cue of this episode, and of the one before


def choose(player: Array, notes: Notes, blind: Array) -> Array:
    """What each of PLAYERS would do, and of that, what this one does."""
    return jnp.stack([notes[0], blind, jnp.ones((), jnp.int32), notes[1]])[player]


def write(notes: Notes, step: TimeStep) -> Notes:
    """Notes the cue at `first`, and keeps the one before."""
    shown = jnp.argmax(step.observation["vector"][2:]).astype(jnp.int32)
    cue, before = notes
    return jnp.where(step.first, shown, cue), jnp.where(step.first, cue, before)


def play(env: Recall, player: Array, key: Array) -> TimeStep:
    """One stream over EPISODES episodes."""

    def step(carry, inputs):
        key, blind = inputs
        state, timestep, notes = carry
        notes = write(notes, timestep)
        state, after = env.step(state, choose(player, notes, blind), key)
        return (state, after, notes), timestep

    keys = jax.random.split(key, EPISODES * (env.delay + 3))
    blind = jax.random.randint(key, keys.shape, 0, env.interface.actions.size)
    zero = jnp.zeros((), jnp.int32)
    return jax.lax.scan(step, (*env.reset(key), (zero, zero)), (keys, blind))[1]


@functools.cache
def steps_of_all(env: Recall) -> TimeStep:
    run = jax.vmap(jax.vmap(functools.partial(play, env), (None, 0)), (0, None))
    return eqx.filter_jit(run)(
        jnp.arange(len(PLAYERS)), jax.random.split(jax.random.key(0), STREAMS)
    )


def steps_of(env: Recall, player: str) -> TimeStep:
    """Time steps `[streams, t]` of a scripted player."""
    return jax.tree.map(lambda leaf: np.asarray(leaf[PLAYERS.index(player)]), steps_of_all(env))


def scores(env: Recall, player: str) -> np.ndarray:
    """The reward of each episode after the first of a stream."""
    reward = steps_of(env, player).reward.reshape(STREAMS, EPISODES, env.delay + 3).sum(-1)
    return reward[:, 1:]


@pytest.mark.parametrize("distractors", [False, True])
@pytest.mark.parametrize("cues", CUES)
def test_values_of_scripted_players(cues, distractors):
    env = Recall(3, distractors=distractors, cues=cues)
    values = dict(
        zip(
            PLAYERS,
            (env.perfect, env.interface.chance, env.interface.chance, env.leaking),
            strict=True,
        )
    )
    for player, value in values.items():
        score = scores(env, player)
        if value in (0.0, 1.0):
            assert (score == value).all(), (player, value)
        else:  # four standard errors
            assert abs(score.mean() - value) < 4 * np.sqrt(value * (1 - value) / score.size), (
                player,
                value,
            )


def test_an_episode_step_by_step():
    steps = jax.tree.map(lambda leaf: leaf[0, :6], steps_of(Recall(3), "perfect"))
    vector = steps.observation["vector"]
    assert vector[0, 0] == 1
    assert vector[0, 2:].sum() == 1
    assert not vector[1:4].any()
    np.testing.assert_array_equal(vector[4], [0, 1, 0, 0, 0, 0])
    assert not vector[5].any()
    np.testing.assert_array_equal(steps.first, [1, 0, 0, 0, 0, 0])
    np.testing.assert_array_equal(steps.last, [0, 0, 0, 0, 0, 1])
    np.testing.assert_array_equal(steps.discount, [1, 1, 1, 1, 1, 0])
    np.testing.assert_array_equal(steps.reward, [0, 0, 0, 0, 0, 1])
    np.testing.assert_array_equal(steps.effective, [0, 0, 0, 0, 1, 0])
    np.testing.assert_array_equal(steps.info["success"], [0, 0, 0, 0, 0, 1])


def test_distractors_are_unmarked_and_varied():
    vector = (
        steps_of(Recall(3, distractors=True), "blind")
        .observation["vector"]
        .reshape(STREAMS, EPISODES, 6, 6)
    )
    waiting = vector[:, :, 1:4]
    assert not waiting[..., :2].any()
    assert (waiting[..., 2:].sum(-1) == 1).all()
    np.testing.assert_allclose(waiting[..., 2:].mean((0, 1, 2)), 0.25, atol=0.03)


@pytest.mark.parametrize("cues", CUES)
def test_cues_are_uniform_over_time(cues):
    vector = (
        steps_of(Recall(3, cues=cues), "constant")
        .observation["vector"]
        .reshape(STREAMS, EPISODES, 6, 6)
    )
    np.testing.assert_allclose(vector[:, :, 0, 2:].mean((0, 1)), 0.25, atol=0.04)


def test_no_delay():
    assert (scores(Recall(0), "perfect") == 1).all()


@pytest.mark.parametrize("wrong", [{"delay": -1}, {"delay": 1, "num_cues": 1}, {"cues": "never"}])
def test_refuses(wrong):
    with pytest.raises(ValueError, match=r"expected (at least|one of)"):
        Recall(**wrong)
