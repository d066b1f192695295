"""Host environments are streams: one protocol for all autoresets, seeds, and replay."""

import subprocess
import sys

import jax
import numpy as np
import pytest
from gymnasium.vector import AsyncVectorEnv, AutoresetMode, SyncVectorEnv, VectorWrapper

from engrax.errors import ConfigError
from engrax.gym import host_environments
from engrax.gym.episodes import episode_seed
from engrax.gym.infos import Answers
from engrax.gym.readings import ObservationOptions
from engrax.types import Discrete, SymbolsSpec, VectorSpec

from unit.gym.environments import ENDINGS, Counting, Drawing, opened

STREAMS = [(length, ending) for length in (1, 2, 5) for ending in ENDINGS]
STEPS = 23


OPTIONS = ObservationOptions(answers=Answers("thirds", "thirds_known", classes=3))


def counting():
    return [lambda pair=pair: Counting(*pair) for pair in STREAMS]


def wrapped(mode):
    """A vector environment that is not taken apart, since a wrapper hides what it is."""
    return VectorWrapper(SyncVectorEnv(counting(), autoreset_mode=mode))


SOURCES = {
    "taken apart": lambda: SyncVectorEnv(counting(), autoreset_mode="Disabled"),
    **{mode.value: (lambda mode=mode: wrapped(mode)) for mode in AutoresetMode},
}


def rows(source, steps=STEPS):
    """Time steps and actions `[t, n]`, and what they should be."""
    envs = host_environments(source, len(STREAMS), options=OPTIONS)
    numbers = np.random.default_rng(0)
    actions = envs.interface.actions.draw(numbers, (steps, len(STREAMS)))
    found = [opened(envs, 0), *(envs.step(action) for action in actions)]
    envs.close()
    return found, actions


def expected(length, ending, actions):
    """The stream of one counting environment, by hand."""
    terminated, truncated = ENDINGS[ending]
    count = total = 0
    yield (0, 0, 0.0, 1.0, True, False, False)
    for action in actions:
        if count == length:
            count = total = 0
            yield (0, 0, 0.0, 1.0, True, False, False)
            continue
        count, total = count + 1, total + int(action) + 1
        last = count == length and (terminated or truncated)
        discount = 0.0 if count == length and terminated else 1.0
        yield (count, total, float(count * total), discount, False, last, count % 2 == 0)


def assert_same(one, other):
    jax.tree.map(np.testing.assert_array_equal, one, other)


@pytest.mark.parametrize("source", SOURCES)
def test_every_kind_of_autoreset_gives_the_same_steps(source):
    found, actions = rows(SOURCES[source]())
    for stream, (length, ending) in enumerate(STREAMS):
        for step, row in zip(found, expected(length, ending, actions[:, stream]), strict=True):
            shown = step.observation
            assert row == (
                shown["count"][stream, 0],
                shown["inside.sum"][stream, 0, 0, 0],
                step.reward[stream],
                step.discount[stream],
                step.first[stream],
                step.last[stream],
                step.info["success"][stream],
            )
            count, total = row[:2]
            assert step.info["answers"][stream].tolist() == [count % 3, total % 3]
            assert step.info["known"][stream].tolist() == [True, count > 0]
            assert step.effective[stream]


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["NextStep", "SameStep"])
def test_worker_processes_give_the_same_steps(mode):
    envs = AsyncVectorEnv(counting(), context="forkserver", autoreset_mode=mode)
    (found, _), (plain, _) = rows(envs), rows(SOURCES["taken apart"]())
    for one, other in zip(found, plain, strict=True):
        assert_same(one, other)


@pytest.mark.parametrize("source", SOURCES)
def test_what_steps_are_made_of(source):
    (*_, step), _ = rows(SOURCES[source](), 2)
    dtypes = {"reward": np.float32, "discount": np.float32}
    for name in ("reward", "discount", "first", "last", "effective"):
        value = getattr(step, name)
        assert (value.shape, value.dtype) == ((len(STREAMS),), dtypes.get(name, bool))
    assert {name: (v.shape, v.dtype) for name, v in step.info.items()} == {
        "success": ((len(STREAMS),), bool),
        "answers": ((len(STREAMS), 2), np.int32),
        "known": ((len(STREAMS), 2), bool),
    }
    assert {name: (v.shape, v.dtype) for name, v in step.observation.items()} == {
        "count": ((len(STREAMS), 1), np.float32),
        "inside.sum": ((len(STREAMS), 1, 1, 1), np.int32),
    }


@pytest.mark.parametrize("source", SOURCES)
def test_later_steps_leave_earlier_ones_alone(source):
    envs = host_environments(SOURCES[source](), len(STREAMS))
    steps = [opened(envs, 0)]
    before = {name: value.copy() for name, value in steps[0].observation.items()}
    for _ in range(3):
        steps.append(envs.step(np.zeros(len(STREAMS), np.int32)))
    for name, value in steps[0].observation.items():
        np.testing.assert_array_equal(value, before[name])
    assert [int(step.observation["count"][-1, 0]) for step in steps] == [0, 1, 2, 3]


class Forgetful(VectorWrapper):
    """Resets all streams, whatever the mask says."""

    def reset(self, *, seed=None, options=None):
        return self.env.reset(seed=seed)


class Mute(VectorWrapper):
    """Keeps the last observation of an episode to itself."""

    def step(self, actions):
        *rest, info = self.env.step(actions)
        info.pop("final_obs", None)
        return *rest, info


@pytest.mark.parametrize(
    ("wrapper", "mode", "steps", "message"),
    [
        (Forgetful, "SameStep", 2, r"ignores options\['reset_mask'\].*NEXT_STEP"),
        (Forgetful, "Disabled", 2, r"ignores options\['reset_mask'\].*NEXT_STEP"),
        (Mute, "SameStep", 1, "no 'final_obs'.*NEXT_STEP"),
    ],
)
def test_vector_environments_that_do_not_do_what_they_say(wrapper, mode, steps, message):
    fns = [lambda: Counting(2), lambda: Counting(5)]
    envs = host_environments(wrapper(SyncVectorEnv(fns, autoreset_mode=mode)), 2)
    opened(envs, 0)
    played(envs, steps)
    with pytest.raises(ConfigError, match=message):
        played(envs, 1)


def test_a_vector_environment_without_a_mode_is_refused():
    envs = wrapped(AutoresetMode.NEXT_STEP)
    envs.metadata = {}
    with pytest.raises(ConfigError, match=r"autoreset_mode None.*set metadata\['autoreset_mode'\]"):
        host_environments(envs, len(STREAMS))


# Seeds


def test_every_episode_has_a_seed_of_its_own():
    seeds = {episode_seed(stream, number) for stream in range(100) for number in range(20)}
    assert len(seeds) == 2000
    assert all(0 <= seed < 2**31 for seed in seeds)


def test_episodes_are_opened_by_their_seeds():
    # The first environment is reset once before, to see what its info has.
    plain = [Counting(2), Counting(3)]
    envs = host_environments(SyncVectorEnv([lambda: plain[0], lambda: plain[1]]), 2)
    envs.reset(np.array([7, 2**32 - 1], np.uint32))
    for _ in range(8):
        envs.step(np.zeros(2, np.int32))
    assert plain[0].seeds[1:] == [episode_seed(7, number) for number in range(3)]
    assert plain[1].seeds == [episode_seed(2**32 - 1, number) for number in range(3)]


def played(envs, steps, seed=3):
    """Steps of an environment, by actions that are always the same."""
    actions = envs.interface.actions.draw(np.random.default_rng(seed), (steps, envs.num_streams))
    return [envs.step(action) for action in actions]


def test_the_same_seed_gives_the_same_stream():
    first, second, other = (
        host_environments(Drawing, 3),
        host_environments(Drawing, 3),
        host_environments(Drawing, 3),
    )
    assert_same(opened(first, 1), opened(second, 1))
    assert (opened(other, 2).observation["vector"] != opened(first, 1).observation["vector"]).all()
    for one, two in zip(played(first, 40), played(second, 40), strict=True):
        assert_same(one, two)


# Resuming


@pytest.mark.parametrize("steps", [0, 1, 25, 26, 27, 40])
def test_episodes_are_taken_up_where_they_were(steps):
    envs = host_environments(Drawing, 4)
    shown = [opened(envs, 5), *played(envs, steps)][-1]
    again = host_environments(Drawing, 4)
    restored, lost = again.restore(envs.episodes())
    assert lost == []
    assert_same(shown, restored)
    for one, two in zip(played(envs, 30, seed=8), played(again, 30, seed=8), strict=True):
        assert_same(one, two)
    for one, two in zip(envs.episodes(), again.episodes(), strict=True):
        np.testing.assert_array_equal(one, two)


def test_streams_that_do_not_come_back_start_anew():
    private = [False, True, False]
    envs, again = (
        host_environments(SyncVectorEnv([lambda p=p: Drawing(p) for p in private]), 3) for _ in "ab"
    )
    before = [opened(envs, 5), *played(envs, 4)][-1]
    saved = envs.episodes()
    restored, lost = again.restore(saved)
    assert lost == [1]
    assert restored.first.tolist() == [bool(before.first[0]), True, bool(before.first[2])]
    np.testing.assert_array_equal(
        restored.observation["vector"][::2], before.observation["vector"][::2]
    )
    assert again.episodes().number.tolist() == [
        saved.number[0],
        saved.number[1] + 1,
        saved.number[2],
    ]
    assert again.episodes().length[1] == 0


@pytest.mark.parametrize("mode", list(AutoresetMode))
def test_a_given_vector_environment_starts_anew(mode):
    envs = host_environments(wrapped(mode), len(STREAMS))
    opened(envs, 0)
    played(envs, 3)
    steps, lost = envs.restore(envs.episodes())
    assert lost == list(range(len(STREAMS)))
    assert steps.first.all()
    assert envs.episodes().length.sum() == 0


def test_another_number_of_streams_cannot_be_restored():
    envs = host_environments(Drawing, 2)
    opened(envs, 0)
    with pytest.raises(ConfigError, match="2 streams were saved, but there are 3"):
        host_environments(Drawing, 3).restore(envs.episodes())


# What is refused, and what it costs


def test_a_reset_comes_first():
    envs = host_environments(Drawing, 1)
    with pytest.raises(ConfigError, match="reset"):
        envs.step(np.zeros((1, 1), np.float32))
    with pytest.raises(ConfigError, match="reset"):
        envs.episodes()


def test_actions_of_another_shape_are_refused():
    envs = host_environments(Drawing, 2)
    opened(envs, 0)
    with pytest.raises(ConfigError, match=r"shape \(2,\), expected \(2, 1\)"):
        envs.step(np.zeros(2, np.float32))


def test_the_interface():
    interface = host_environments(Counting, 1).interface
    assert interface.observations == {
        "count": VectorSpec(1),
        "inside.sum": SymbolsSpec(1, 1, (500,)),
    }
    assert interface.actions == Discrete(3)


COST = """
import time
import gymnasium
import numpy as np
from engrax.gym import host_environments

streams, steps, costs = 16, 400, []
envs = host_environments("CartPole-v1", streams)
bare = gymnasium.make("CartPole-v1", disable_env_checker=True)
actions = np.random.default_rng(0).integers(0, 2, (steps, streams)).astype(np.int32)
envs.reset(np.arange(streams, dtype=np.uint32))
for _ in range(5):
    start = time.perf_counter()
    for action in actions:
        envs.step(action)
    middle = time.perf_counter()
    over = True
    for action in actions.astype(np.int64).ravel():
        if over:
            bare.reset(seed=0)
        _, _, terminated, truncated, _ = bare.step(action)
        over = terminated or truncated
    costs.append((2 * middle - start - time.perf_counter()) / steps / streams)
print(min(costs))
"""


@pytest.mark.slow
def test_a_step_costs_little_more_than_the_environments():
    """In a process of its own, since annotations are checked in this one."""
    done = subprocess.run([sys.executable, "-c", COST], capture_output=True, text=True, check=True)
    assert float(done.stdout) < 30e-6
