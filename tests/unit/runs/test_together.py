"""All seeds of an agent in one program: each run is kept as if it were alone."""

import json
import os
import shutil
import signal
from pathlib import Path

import numpy as np
import pytest

from engrax.cli.main import main
from engrax.errors import UserError
from engrax.runs import together
from engrax.runs.checkpoint import load
from engrax.runs.comparing import plan, train_all
from engrax.runs.directory import RunDirectory
from engrax.runs.together import train_group, train_together

UPDATES = 6


def runs_in(folder: Path, agents=("debug",), seeds=2, updates=UPDATES):
    """On one device, as runs that are trained together are."""
    settings = {"placement.devices": "1"}
    return plan(agents, folder, seeds=seeds, settings=settings, length=lambda one: updates)


def parameters(path: Path):
    contents = load(path / "weights.safetensors")
    return contents.words["updates"], contents.arrays


def expect_equal(folder: Path, other: Path, names, **tolerance):
    for name in names:
        (made, got), (wanted, want) = parameters(folder / name), parameters(other / name)
        assert made == wanted
        for leaf in want:
            np.testing.assert_allclose(got[leaf], want[leaf], err_msg=leaf, **tolerance)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Two seeds, trained together without a stop."""
    folder = tmp_path_factory.mktemp("whole")
    runs = runs_in(folder)
    assert train_together(runs).done == runs
    return folder


def test_each_run_is_what_it_would_be_alone_and_is_resumed_alone(whole, tmp_path):
    runs = runs_in(tmp_path)
    assert train_all(runs).done == runs
    for seed in (0, 1):
        expect_equal(whole, tmp_path, [f"debug-{seed}"], rtol=2e-3, atol=2e-4)
        rows = RunDirectory.open(whole / f"debug-{seed}").metrics.rows()
        alone = RunDirectory.open(tmp_path / f"debug-{seed}").metrics.rows()
        assert [row["update"] for row in rows] == list(range(1, UPDATES + 1))
        assert rows[-1]["environment_steps"] == alone[-1]["environment_steps"]
        assert rows[-1]["loss"] == pytest.approx(alone[-1]["loss"], rel=1e-2)
    copy = shutil.copytree(whole / "debug-1", tmp_path / "copy")
    assert main(["resume", str(copy), "--updates", str(UPDATES + 1)]) == 0


def test_stopped_runs_go_on_together_bit_for_bit(whole, tmp_path):
    shown = []

    def stop(row):
        shown.append(row)
        os.kill(os.getpid(), signal.SIGINT)

    group = lambda runs, jobs: train_group(jobs, stop)  # noqa: E731
    progress = train_together(runs_in(tmp_path), group)
    assert progress.stopped
    assert [row["update"] for row in shown] == [1]
    one, two = (RunDirectory.open(tmp_path / f"debug-{seed}").metrics.rows() for seed in (0, 1))
    assert shown[0]["environment_steps"] == 2 * one[0]["environment_steps"]
    assert shown[0]["loss"] == pytest.approx((one[0]["loss"] + two[0]["loss"]) / 2)
    runs = runs_in(tmp_path)
    assert train_together(runs).done == runs
    expect_equal(tmp_path, whole, ["debug-0"], rtol=0, atol=0)


def test_runs_that_are_not_equally_far_are_trained_in_groups(tmp_path):
    groups = []

    def group(runs, jobs):
        groups.append([(one.seed, job.restored or 0) for one, job in zip(runs, jobs, strict=True)])
        return train_group(jobs)

    train_all(runs_in(tmp_path, seeds=1, updates=2))
    train_together(runs_in(tmp_path, seeds=1, updates=2), group)
    assert groups == []
    longer = runs_in(tmp_path, seeds=3, updates=2)
    assert train_together(longer, group).done == longer
    assert groups == [[(1, 0), (2, 0)]]


def test_a_run_that_diverges_leaves_the_others_alone(whole, tmp_path, monkeypatch):
    class Explosive(together.SideBySide):
        def update(self):
            metrics = super().update()
            self.made = getattr(self, "made", 0) + 1
            if self.made == 3:
                metrics[0] = metrics[0] | {"loss": np.float32(np.nan)}
            return metrics

    monkeypatch.setattr(together, "SideBySide", Explosive)
    warned, runs = [], runs_in(tmp_path)
    progress = train_together(runs, warn=warned.append)
    assert (progress.done, progress.failed) == (runs[1:], (runs[0],))
    assert "loss (nan) went first, at update 3" in warned[0]
    expect_equal(tmp_path, whole, ["debug-1"], rtol=0, atol=0)
    assert RunDirectory.open(tmp_path / "debug-0").metrics.rows()[-1]["update"] == 2


def test_a_run_held_by_another_process_is_left_to_it(tmp_path):
    runs = runs_in(tmp_path, updates=2)
    train_all(runs[:1])
    with RunDirectory.open(tmp_path / "debug-0").exclusive():
        progress = train_together(runs)
    assert (progress.done, progress.elsewhere) == (runs[1:], runs[:1])


def test_environments_in_python_are_refused(tmp_path):
    with pytest.raises(UserError, match="where the environment is in JAX; leave out --together"):
        train_together(runs_in(tmp_path, ["lstm-cartpole-hidden"]))


def test_compare_together(tmp_path, capsys):
    words = ["compare", "debug", "--seeds", "2", "--updates", "2", "--episodes", "20"]
    assert main([*words, "--together", "--out", str(tmp_path / "out")]) == 0
    assert "debug, seeds 0, 1 together" in capsys.readouterr().err
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert len(report["levels"]["recall"]["debug"]["scores"]) == 2
    assert main([*words, "--together", "--ray", "--out", str(tmp_path / "out")]) == 2
    assert "choose one" in capsys.readouterr().err
