"""Tasks in Gymnasium: the tasks' steps, their own seeds, other processes, and clear errors."""

import copy
import pickle
import subprocess
import sys

import gymnasium
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from engrax.envs import Ballet, MemoryGame, Mixture, Recall
from engrax.errors import UserError
from engrax.gym.ballet import GymnasiumBallet
from engrax.gym.export import ExportedTask

from oracles.memory_game import MemoryGameOracle


@pytest.mark.parametrize("view", ["pixels", "symbols"])
def test_gymnasium_checker(view):
    check_env(gymnasium.make("engrax/MemoryGame-v0", pairs=3, view=view, scale=2).unwrapped)


@pytest.mark.filterwarnings("ignore:.*infinity")  # a vector's bounds are unknown
def test_gymnasium_checker_on_vectors():
    check_env(gymnasium.make("engrax/Recall-v0").unwrapped)


@pytest.mark.parametrize("view", ["pixels", "symbols"])
def test_it_plays_the_task(view):
    env, task = gymnasium.make("engrax/MemoryGame-v0", pairs=4, view=view), MemoryGame(4, view)
    observe, advance, numbers = (
        jax.jit(task.observe),
        jax.jit(task.advance),
        np.random.default_rng(0),
    )
    for episode in range(3):
        seen, info = env.reset(seed=episode)
        state, key = env.unwrapped._turn.state, jax.random.key(0)
        oracle = MemoryGameOracle(info["cards"])
        while True:
            step = observe(state)
            np.testing.assert_array_equal(seen[task.modality], step.observation[task.modality])
            for name, value in step.info.items():
                np.testing.assert_array_equal(info[name], value)
            if oracle.last:
                break
            action = oracle.choose(numbers)
            oracle.flip(action)
            state = advance(state, jnp.int32(action), key)
            seen, reward, terminated, truncated, info = env.step(action)
            assert (reward, terminated, truncated) == (oracle.reward, oracle.last, False)


def test_a_mixture_renders_where_its_levels_do():
    levels = Ballet(dance_delay=1, view="pixels"), Ballet(dance_delay=2, view="pixels")
    env = ExportedTask(Mixture(levels), "rgb_array")
    seen, _ = env.reset(seed=0)
    assert env.render().shape == seen["image"].shape
    with pytest.raises(UserError, match="render"):
        ExportedTask(Mixture((Recall(), Recall())), "rgb_array")


def test_seeds():
    env = ExportedTask(MemoryGame(8))
    cards = [env.reset(seed=seed)[1]["cards"].tolist() for seed in (0, None, None, 0, None, 1)]
    assert cards[0] == cards[3]
    assert cards[1] == cards[4]
    assert len({tuple(deal) for deal in cards}) == 4


def test_an_episode_has_its_own_randomness_at_every_step():
    env = ExportedTask(Recall(20, distractors=True))
    shown = [env.reset(seed=0)[0], *(env.step(0)[0] for _ in range(20))]
    items = [int(np.argmax(seen["vector"][2:])) for seen in shown[1:]]
    assert set(items) == {0, 1, 2, 3}
    again = [env.reset(seed=0)[0], *(env.step(0)[0] for _ in range(20))]
    np.testing.assert_array_equal([s["vector"] for s in shown], [s["vector"] for s in again])


@pytest.mark.parametrize("task", [Recall(0, 5, cues="late"), Mixture([Recall(0, 5, cues="late")])])
def test_an_episode_follows_on_the_one_before(task):
    """The answer is the cue of the episode before: whoever names it is always right."""
    env, before = ExportedTask(task), None
    for episode in range(20):
        seen, _ = env.reset(seed=0 if episode == 0 else None)
        cue = int(np.argmax(seen["vector"][2:]))
        env.step(0)
        _, reward, terminated, _, _ = env.step(cue if before is None else before)
        assert terminated
        assert episode == 0 or reward == 1.0
        before = cue


def test_no_step_without_an_episode():
    env = ExportedTask(MemoryGame(1))
    with pytest.raises(gymnasium.error.ResetNeeded, match="reset"):
        env.step(0)
    env.reset(seed=0)
    assert [env.step(0)[2] for _ in range(3)] == [False, False, True]
    with pytest.raises(gymnasium.error.ResetNeeded, match="reset"):
        env.step(0)
    env.reset()
    env.step(np.int64(1))


def test_info_says_whether_an_action_counts():
    env = ExportedTask(Recall(1))
    said = [env.reset(seed=0)[1], *(env.step(0)[4] for _ in range(3))]
    assert [info["effective"] for info in said] == [False, False, True, False]


# Actions


@pytest.mark.parametrize("env", [GymnasiumBallet(view="symbols"), ExportedTask(MemoryGame(1))])
def test_a_bool_is_no_action_and_a_scalar_of_jax_is(env):
    env.reset(seed=0)
    with pytest.raises(UserError, match="action is True"):
        env.step(True)
    env.step(jnp.asarray(1))


# Arguments and pictures


def test_bad_arguments():
    with pytest.raises(UserError, match="render_mode is 'human'"):
        ExportedTask(MemoryGame(3), render_mode="human")
    with pytest.raises(UserError, match="Recall has no pictures"):
        ExportedTask(Recall(), render_mode="rgb_array")
    with pytest.raises(ValueError, match="pairs is 9"):
        gymnasium.make("engrax/MemoryGame-v0", pairs=9)


@pytest.mark.parametrize("view", ["pixels", "symbols"])
def test_rendering(view):
    env = ExportedTask(MemoryGame(3, view), render_mode="rgb_array")
    assert env.render() is None
    seen, _ = env.reset(seed=0)
    seen[env.task.modality][:] = 1  # the caller's own
    picture = env.render()
    assert (picture.dtype, picture.ndim) == (np.uint8, 3)
    assert picture.max() == 160
    env.step(0)
    assert env.render().max() == 255
    assert ExportedTask(MemoryGame(3, view)).render() is None


# Other processes


@pytest.mark.parametrize("name", ["Ballet", "MemoryGame", "Recall", "TMaze"])
def test_environments_can_be_sent_to_other_processes(name):
    env = gymnasium.make(f"engrax/{name}-v0")
    fresh = pickle.loads(pickle.dumps(env))
    np.testing.assert_equal(fresh.reset(seed=2), env.reset(seed=2))
    under_way = pickle.loads(pickle.dumps(env)), copy.deepcopy(env)
    expected = env.step(0)
    for other in under_way:
        np.testing.assert_equal(other.step(0), expected)


FORKED = """
import gymnasium
{before}
envs = gymnasium.make_vec({name!r}, num_envs=2, vectorization_mode="async")
envs.reset(seed=1)
print("terminated" if envs.step(envs.action_space.sample())[2].any() else "running")
envs.close()
"""


def forked(name, before=""):
    program = FORKED.format(name=name, before=before)
    command = [sys.executable, "-c", program]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["engrax/Ballet-v0", "engrax/MemoryGame-v0"])
def test_gymnasiums_processes_run_them(name):
    result = forked(name)
    assert result.stdout == "running\n", result.stderr


@pytest.mark.slow
def test_a_process_forked_after_jax_had_started_says_so():
    result = forked("engrax/Ballet-v0", "import jax; jax.numpy.ones(2) + 1")
    assert result.returncode == 1
    assert "forked after JAX had started" in result.stderr
    assert "forkserver" in result.stderr
