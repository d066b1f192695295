"""A comparison on a cluster: the same figures as without, also where processes are killed."""

import json
import os
import signal
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from threading import Thread

import jax
import numpy as np
import pytest
from safetensors.numpy import load_file

import engrax
from engrax.errors import UserError
from engrax.experiments.codec import encode
from engrax.runs.cluster import Cluster
from engrax.runs.comparing import Asked, Planned, Progressed, plan, play_all, train_all
from engrax.runs.directory import RunDirectory
from engrax.runs.metrics import MetricsLog
from engrax.runs.nodes import this_process
from engrax.runs.spreading import Work, spread, train_and_play

ASKED = Asked(20, 1)
UPDATES = 150
SETTINGS = {"checkpoint_every": "5", "streams": "4", "placement.devices": "1"}


def planned(out: Path) -> list[Planned]:
    return plan(["debug"], out, seeds=2, settings=SETTINGS, length=lambda one: UPDATES)


def work(one: Planned, out: Path) -> Work:
    plain = one._replace(experiment=encode(one.experiment))
    return Work(plain, out, ASKED, (), this_process(), Cluster())


@pytest.mark.slow
def test_runs_that_are_killed_end_as_if_they_had_not_been(tmp_path):
    """Every run's first process is killed, once it has made a few updates."""
    alone, spread_out = planned(tmp_path / "alone"), planned(tmp_path / "spread")
    assert len(train_all(alone).done) == 2
    killed, warned = {}, []
    killers = [Thread(target=kill, args=(one.path, killed)) for one in spread_out]
    for killer in killers:
        killer.start()
    out = tmp_path / "spread"
    progress = spread(spread_out, out, ASKED, ["delay=6"], Cluster(), print, warned.append)
    for killer in killers:
        killer.join()
    assert progress == Progressed(spread_out, [], stopped=False)
    assert not warned
    assert len(killed) == 2
    assert max(killed.values()) < UPDATES
    assert all(one.scores.exists() for one in spread_out)
    scores = [play_all(runs, ASKED, ["delay=6"])[0] for runs in (alone, spread_out)]
    levels = list(scores[0].runs[0].scores)
    assert levels == ["recall", "delay=6 (not trained on)"]
    for level in levels:
        assert scores[0].scores(level) == scores[1].scores(level)
    for before, after in zip(alone, spread_out, strict=True):
        weights = [load_file(one.path / "weights.safetensors") for one in (before, after)]
        jax.tree.map(np.testing.assert_array_equal, *weights)
        rows = MetricsLog(after.path / "metrics.jsonl").rows()
        assert [row["update"] for row in rows] == list(range(1, UPDATES + 1))


def kill(path: Path, killed: dict[Path, int]) -> None:
    """Kills the process of a run when it has made a few updates."""
    log, deadline = MetricsLog(path / "metrics.jsonl"), time.monotonic() + 300.0
    while len(rows := log.rows()) < 7 and time.monotonic() < deadline:
        time.sleep(0.01)
    os.kill(holder(path), signal.SIGKILL)
    killed[path] = len(rows)


def holder(path: Path) -> int:
    """The process that holds a run's directory."""
    for link in Path("/proc").glob("[0-9]*/fd/*"):
        with suppress(OSError):
            if os.readlink(link) == str(path):
                return int(link.parts[2])
    raise AssertionError(f"nothing holds {path}")


def test_what_a_node_lacks_is_named(tmp_path):
    one = planned(tmp_path)[0]
    older = train_and_play(
        work(one, tmp_path)._replace(origin=this_process()._replace(version="0.0.1"))
    )
    assert older.ended == "failed"
    assert f"has engrax {engrax.__version__}, not 0.0.1" in older.note
    blind = train_and_play(work(one, tmp_path / "elsewhere"))
    assert blind.ended == "failed"
    assert "--out must be where all nodes see it" in blind.note
    strange = train_and_play(
        work(one, tmp_path)._replace(origin=this_process()._replace(imports=("no_such_package",)))
    )
    assert strange.ended == "failed"
    assert "no_such_package" in strange.note


def test_a_run_that_another_process_trains_is_left_to_it(tmp_path):
    one = planned(tmp_path)[0]
    directory = RunDirectory.create(one.path, one.experiment, preset="debug", command=[])
    with directory.exclusive():
        assert train_and_play(work(one, tmp_path)).ended == "elsewhere"


def test_a_run_of_other_settings_fails_alone(tmp_path):
    one = planned(tmp_path)[0]
    experiment = replace(one.experiment, streams=8)
    RunDirectory.create(one.path, experiment, preset="debug", command=[])
    failed = train_and_play(work(one, tmp_path))
    assert failed.ended == "failed"
    assert "was trained with other settings" in failed.note
    assert json.loads((one.path / "config.json").read_text())["experiment"]["streams"] == 8


def test_a_cluster_that_is_not_there_is_said_before_anything_is_written(tmp_path):
    runs = planned(tmp_path / "out")
    with pytest.raises(UserError, match="no Ray cluster answers"):
        spread(runs, tmp_path / "out", ASKED, (), Cluster("127.0.0.1:1"), print, print)
    assert not (tmp_path / "out").exists()
