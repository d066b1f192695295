"""Actors as processes of a Ray cluster: what they play, and what happens when they die or hang."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from threading import Thread

import pytest

from engrax.algorithms import IMPALA
from engrax.cli.main import main
from engrax.errors import ConfigError, UserError
from engrax.experiments.presets import PRESETS
from engrax.runs.actors import RayActors, check_actors, share_of, with_impala
from engrax.runs.directory import RunDirectory
from engrax.runs.metrics import MetricsLog
from engrax.runtime import Placement

from unit.runs.ray_processes import ray_processes, rows_after

CARTPOLE = PRESETS["lstm-cartpole-hidden"]
SMALL = ["--streams", "8", "--segment_length", "8", "--learner.minibatches", "2"]
TRAIN = ["train", "lstm-cartpole-hidden", "--learner", "impala", *SMALL]


def with_actors(experiment, count):
    return with_impala(replace(experiment, placement=Placement(actors=count)))


def test_shares_have_seeds_of_their_own_also_when_made_again():
    run = with_actors(CARTPOLE, 4)
    shares = [share_of(run, place, born) for place in range(4) for born in (1, 2)]
    assert len({share.seed for share in shares}) == 8
    assert {share.streams for share in shares} == {CARTPOLE.streams // 4}
    assert share_of(run, 2, 1) == share_of(run, 2, 1)
    assert share_of(replace(run, seed=1), 2, 1).seed != share_of(run, 2, 1).seed


def test_impala_takes_over_what_learners_share():
    learner = with_actors(CARTPOLE, 2).learner
    assert isinstance(learner, IMPALA)
    assert learner.reward_scale == CARTPOLE.learner.reward_scale != IMPALA().reward_scale
    assert (learner.epochs, CARTPOLE.learner.epochs) == (1, 4)
    assert learner.learning_rate == CARTPOLE.learner.learning_rate / 4
    own = replace(CARTPOLE, learner=IMPALA(learning_rate=0.5))
    assert with_actors(own, 2).learner == own.learner


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["train", "debug", "--actors", "2"], "this task is compiled with its agent"),
        (
            ["train", "lstm-cartpole-hidden", "--learner.epochs", "1", "--actors", "2"],
            "--learner i",
        ),
        ([*TRAIN, "--actors", "3"], "placement.actors is 3, expected one of 1, 2, 4, 8"),
        ([*TRAIN, "--actors", "2", "--min-actors", "3"], "min_actors is 3, expected at most the 2"),
        ([*TRAIN, "--actors", "2", "--ray-address", "here"], 'expected HOST:PORT or "auto"'),
        ([*TRAIN, "--actors", "2", "--ray-address", "127.0.0.1:1"], "no Ray cluster answers"),
    ],
)
def test_what_cannot_be_is_said_before_anything_is_written(words, message, tmp_path, capsys):
    assert main([*words, "--out", str(tmp_path / "run")]) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_without_ray_the_extra_is_named(monkeypatch):
    monkeypatch.setattr("engrax.runs.cluster.find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r"engrax\[ray\]"):
        RayActors(with_actors(CARTPOLE, 2))


def test_tasks_in_jax_need_no_actors():
    with pytest.raises(UserError, match="compiled with its agent"):
        check_actors(with_actors(PRESETS["debug"], 2))


def actors() -> list[int]:
    """The processes of actors."""
    return ray_processes("Actor")


@pytest.mark.slow
def test_training_goes_on_where_actors_die_and_hang(tmp_path, capsys):
    """One is killed, the other stopped for a while; then Ctrl-C saves, and `resume` goes on."""
    out, seen = tmp_path / "run", {}

    def interfere():
        log = MetricsLog(out / "metrics.jsonl")
        rows_after(log, 5)
        first, second = actors()
        os.kill(first, signal.SIGKILL)
        while len(actors()) < 2 or first in actors():
            time.sleep(0.05)
        rows_after(log, len(log.rows()) + 20)
        os.kill(second, signal.SIGSTOP)
        seen["before"] = len(log.rows())
        seen["during"] = len(rows_after(log, seen["before"] + 30))
        os.kill(second, signal.SIGCONT)
        rows_after(log, seen["during"] + 30)
        os.kill(os.getpid(), signal.SIGINT)

    thread = Thread(target=interfere)
    thread.start()
    words = ["--actors", "2", "--updates", "100000", "--checkpoint_every", "10"]
    assert main([*TRAIN, *words, "--out", str(out)]) == 130
    thread.join()
    assert "all is saved" in capsys.readouterr().err
    assert seen["during"] >= seen["before"] + 30
    rows = MetricsLog(out / "metrics.jsonl").rows()
    made = len(rows)
    assert [row["update"] for row in rows] == list(range(1, made + 1))
    assert rows[-1]["environment_steps"] == 64 * made
    assert sum(row["actor_restarts"] for row in rows) == 1
    assert max(row["lag_max"] for row in rows) >= 2
    assert all(row["queue"] <= 4 for row in rows)
    assert all(row["actors"] == 2 for row in rows)
    assert not actors()
    assert main(["resume", str(out), "--updates", str(made + 3)]) == 0
    assert len(MetricsLog(out / "metrics.jsonl").rows()) == made + 3


def train_elsewhere(out: Path, **kwargs: bool) -> int:
    """Trains on an environment that fails in other processes."""
    arguments = json.dumps({"home": os.getpid(), **kwargs})
    task = ["gymnasium:unit.gym.failing:Elsewhere", "--task.kwargs", arguments, "--memory", "none"]
    words = ["--learner", "impala", *SMALL, "--actors", "2", "--min-actors", "2"]
    return main(["train", *task, *words, "--out", str(out)])


@pytest.mark.slow
def test_too_few_actors_end_a_run_that_is_saved(tmp_path, capsys):
    """Their environment ends their processes."""
    assert train_elsewhere(tmp_path / "run") == 1
    said = capsys.readouterr().err
    assert "1 of 2 actors are left, fewer than placement.min_actors, 2" in said
    assert "all is saved, go on by `engrax resume" in said
    assert RunDirectory.open(tmp_path / "run").checkpoints()
    assert not actors()


@pytest.mark.slow
def test_an_environment_that_raises_is_shown(tmp_path, capsys):
    assert train_elsewhere(tmp_path / "run", raises=True) == 1
    said = capsys.readouterr().err
    assert "an actor's environment failed: ZeroDivisionError('nothing to divide by')" in said
    assert "failing.py" in said
    assert not actors()


@pytest.mark.slow
@pytest.mark.filterwarnings(r"ignore:os\.fork\(\) was called:RuntimeWarning")
def test_actors_move_with_the_nodes_of_a_cluster(tmp_path, monkeypatch):
    """The node of one goes; the other acts alone. On a node that comes it is made again."""
    from ray.cluster_utils import Cluster

    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
    going = cluster.add_node(num_cpus=1)
    out, log = tmp_path / "run", MetricsLog(tmp_path / "run" / "metrics.jsonl")
    where = ["--actors", "2", "--ray-address", cluster.address, "--updates", "100000"]
    command = [sys.executable, "-m", "engrax", *TRAIN, *where, "--out", str(out)]
    run = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        rows_after(log, 5)
        cluster.remove_node(going)
        alone = rows_after(log, len(log.rows()) + 30)
        assert len(actors()) == 1
        cluster.add_node(num_cpus=1)
        deadline = time.monotonic() + 120.0
        while len(actors()) < 2 and time.monotonic() < deadline:
            time.sleep(0.1)
        assert len(actors()) == 2
        rows_after(log, len(log.rows()) + 30)
        run.send_signal(signal.SIGINT)
        said = run.communicate(timeout=120)[1]
    finally:
        run.kill()
        cluster.shutdown()
    assert run.returncode == 130, said
    assert "Traceback" not in said
    rows = log.rows()
    assert [row["update"] for row in rows] == list(range(1, len(rows) + 1))
    assert sum(row["actor_restarts"] for row in rows) == 1
    assert len(rows) > len(alone)
