"""Worker processes: the same bits as without, and what happens where they fail."""

import multiprocessing
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from engrax.errors import ConfigError, EnvironmentFailedError
from engrax.gym import host_environments
from engrax.gym.choosing import Workers
from engrax.gym.infos import Answers
from engrax.gym.readings import ObservationOptions

from unit.gym.environments import Counting, Drawing, RememberPair, Talking, opened
from unit.gym.failing import Failing, Untrue

STREAMS, STEPS = 6, 17
SOURCES = {
    "nested dicts, a discrete action from 1": (Counting, {"length": 4}),
    "an answer to a probe": (Counting, {"length": 5, "ending": "truncated"}),
    "random numbers from a seed": (Drawing, {}),
    "several choices": (RememberPair, {"delay": 2}),
    "texts, and a tuple": (Talking, {}),
    "an id": ("CartPole-v1", {}),
}
OPTIONS = ObservationOptions(answers=Answers("thirds", "thirds_known", classes=3))


def played(source, kwargs, workers, options=None):
    """The time steps of random play."""
    envs = host_environments(source, STREAMS, kwargs, options, workers)
    actions = envs.interface.actions.draw(np.random.default_rng(0), (STEPS, STREAMS))
    steps = [opened(envs), *(envs.step(action) for action in actions)]
    envs.close()
    return steps


def assert_same(steps, others):
    for step, other in zip(steps, others, strict=True):
        for name, value in step._asdict().items():
            np.testing.assert_equal(getattr(other, name), value, err_msg=name)


@pytest.mark.parametrize("workers", [Workers(2), Workers(4, groups=2), Workers(0, groups=3)])
@pytest.mark.parametrize("name", SOURCES)
def test_workers_and_groups_show_the_same_bits(name, workers):
    options = OPTIONS if "probe" in name else None
    alone = played(*SOURCES[name], Workers(0), options)
    assert_same(alone, played(*SOURCES[name], workers, options))


def test_open_episodes_are_played_again_by_workers():
    envs = host_environments(Drawing, 5, workers=Workers(2))
    opened(envs)
    actions = envs.interface.actions.draw(np.random.default_rng(0), (9, 5))
    for action in actions:
        shown = envs.step(action)
    kept = envs.episodes()
    for count in (0, 3):
        again = host_environments(Drawing, 5, workers=Workers(count))
        steps, lost = again.restore(kept)
        assert lost == []
        np.testing.assert_equal(steps.observation, shown.observation)
        later = envs.step(actions[0]).observation
        np.testing.assert_equal(again.step(actions[0]).observation, later)
        envs.restore(kept)


def test_groups_are_stepped_one_by_one():
    envs = host_environments(Counting, 4, workers=Workers(2, groups=2))
    opened(envs)
    assert envs.groups == [slice(0, 2), slice(2, 4)]
    envs.send(np.array([0, 1], np.int32), 0)
    envs.send(np.array([2, 2], np.int32), 1)
    second, first = envs.receive(1), envs.receive(0)
    np.testing.assert_array_equal(first.reward, [1.0, 2.0])
    np.testing.assert_array_equal(second.reward, [3.0, 3.0])
    with pytest.raises(ConfigError, match=r"actions have shape \(4,\), expected \(2,\)"):
        envs.send(np.zeros(4, np.int32), 0)
    with pytest.raises(ConfigError, match=r"actions have shape \(5,\), expected \(4,\)"):
        envs.step(np.zeros(5, np.int32))


TELLING = """
import numpy as np
from engrax.gym import host_environments
from engrax.gym.choosing import Workers

envs = host_environments("unit.gym.failing:Telling", 4, workers=Workers(2))
for row in envs.reset(np.arange(4, dtype=np.uint32)).observation["vector"]:
    print(*row.astype(int))
"""


def run(code, folder):
    (folder / "script.py").write_text(code)
    done = subprocess.run(
        [sys.executable, str(folder / "script.py")],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert done.stderr == ""
    return done.stdout


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="the system has no /proc")
def test_a_worker_has_no_jax_one_thread_and_one_processor(tmp_path):
    rows = [line.split() for line in run(TELLING, tmp_path).splitlines()]
    assert len({row[0] for row in rows}) == 2
    assert [row[1:] for row in rows] == [["0", "1", "1"]] * 4


def test_nothing_is_left_when_environments_are_closed_or_forgotten():
    for forget in (lambda envs: envs.close(), lambda envs: None):
        envs = host_environments(Counting, 4, workers=Workers(2))
        opened(envs)
        processes = [child.pid for child in multiprocessing.active_children()]
        assert len(processes) == 2
        forget(envs)
        del envs
        assert multiprocessing.active_children() == []
        assert not any(Path(f"/proc/{process}").exists() for process in processes)


@pytest.mark.parametrize("way", ["raise", "die", "hang"])
def test_a_worker_that_fails_is_started_again(way, tmp_path, caplog):
    kwargs = {"way": way, "folder": str(tmp_path)}
    envs = host_environments(Failing, 4, kwargs, workers=Workers(2, timeout=2.0))
    opened(envs)
    envs.step(np.zeros(4, np.int32))
    failed = envs.step(np.array([0, 1, 0, 0], np.int32))
    assert envs.restarts == 1
    assert "a worker process is started again" in caplog.text
    np.testing.assert_array_equal(failed.last, [True, True, False, False])
    np.testing.assert_array_equal(failed.discount, np.ones(4))
    np.testing.assert_array_equal(failed.reward, [0, 0, 1, 1])
    np.testing.assert_array_equal(failed.observation["vector"][:, 0], [1, 1, 2, 2])
    after = envs.step(np.zeros(4, np.int32))
    np.testing.assert_array_equal(after.first, [True, True, False, False])
    np.testing.assert_array_equal(after.observation["vector"][:, 0], [0, 0, 3, 3])
    assert (envs.step(np.zeros(4, np.int32)).observation["vector"][:, 0] == [1, 1, 4, 4]).all()
    assert envs.restarts == 1


def test_a_worker_that_fails_as_it_opens_an_episode_opens_it_again(tmp_path):
    kwargs = {"way": "reset", "folder": str(tmp_path)}
    envs = host_environments(Failing, 4, kwargs, workers=Workers(2))
    assert opened(envs).first.all()
    assert envs.restarts == 1


@pytest.mark.parametrize("way", ["raise", "die", "hang"])
def test_the_third_failure_in_a_row_ends_the_run(way):
    envs = host_environments(Failing, 2, {"way": way}, workers=Workers(2, timeout=1.0))
    opened(envs)
    said = {
        "raise": "ZeroDivisionError: nothing",
        "die": "exit status 7",
        "hang": "within 1 sec",
    }
    actions = np.ones(2, np.int32)
    for _ in range(4):  # a step that fails, and the episode after it
        envs.step(actions)
    with pytest.raises(EnvironmentFailedError) as caught:
        envs.step(actions)
    assert re.search(f"failed 3 times in a row: .*{said[way]}", str(caught.value))
    assert ("in step" in str(caught.value)) == (way == "raise")


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"shape": (3,)}, r"a value has shape \(3,\), but the space says \(2,\)"),
        ({"value": 300.0}, "a value is float64, and uint8, as the space says, cannot hold it"),
    ],
)
def test_a_value_outside_of_its_space_is_an_error(kwargs, message):
    envs = host_environments(Untrue, 2, kwargs, workers=Workers(2))
    with pytest.raises(EnvironmentFailedError, match=message):
        opened(envs)


def test_values_of_another_dtype_that_fit_are_taken():
    options = ObservationOptions(image_as="pixels")
    envs = host_environments(Untrue, 2, {"value": 7.0}, options, workers=Workers(2))
    np.testing.assert_array_equal(opened(envs).observation["vector"], np.full((2, 2), 7.0))


SCRIPT = """
import numpy as np
from engrax.gym import host_environments
from engrax.gym.choosing import Workers

print("runs")
envs = host_environments("CartPole-v1", 4, workers=Workers(2))
print(envs.reset(np.arange(4, dtype=np.uint32)).first.sum())
"""


def test_a_script_needs_no_guard(tmp_path):
    assert run(SCRIPT, tmp_path).split() == ["runs", "4"]


def test_what_another_process_cannot_make_is_refused():
    with pytest.raises(
        ConfigError, match=r"workers is 2, but .* cannot be made in another process"
    ):
        host_environments(lambda: Counting(3), 2, workers=Workers(2))
