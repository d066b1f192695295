"""What tests of bad input share: commands that stop where they would begin to work."""

import os
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from engrax.errors import ConfigError
from engrax.experiments.presets import PRESETS
from engrax.runs.directory import RunDirectory

from unit.runs.fake_runs import Answer, FakeCli, state_at

FUZZ = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60
)

STARTS = (
    "runs.training.settled",
    "runs.training.build_trainer",
    "runs.devices.settled",
    "runs.evaluating.load_trained",
    "runs.comparing.train_all",
    "runs.together.train_together",
    "runs.spreading.spread",
    "runs.hosts.join",
    "runs.ray_hosts.connected",
    "cli.retrying._run",
    "runs.publishing.evaluate",
    "runs.building.load_trained",
    "runs.benchmarking.build_trainer",
    "runs.naming.new_path",
    "cli.acts.dancers",
    "runs.probing.load_trained",
    "runs.exporting.load_trained",
)
"""Where commands begin to work, once what was typed is found good."""


class FarEnough(ConfigError):
    """What was typed or read was found good."""


def stop(*words: Any, **named: Any) -> Any:
    raise FarEnough("far enough")


@pytest.fixture
def cli(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Iterator[FakeCli]:
    """The commands, in a directory with a run, a file and a pipe; nothing is trained, played or
    compiled.
    """
    cli = FakeCli(monkeypatch, capsys)
    make_run(tmp_path / "run")
    (tmp_path / "file").write_text("thesis")
    os.mkfifo(tmp_path / "pipe")
    monkeypatch.chdir(tmp_path)
    for name in STARTS:  # all of them first, or a module would import what is already replaced
        import_module(f"engrax.{name.rpartition('.')[0]}")
    for name in STARTS:
        monkeypatch.setattr(f"engrax.{name}", stop)
    yield cli
    # Nothing may have been written where one is.
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["file", "pipe", "run"]


def make_run(path: Path) -> RunDirectory:
    directory = RunDirectory.create(
        path, PRESETS["debug"], preset="debug", command=["engrax", "train", "debug"]
    )
    for update in (1, 2):
        directory.metrics.append(
            {"update": update, "environment_steps": 10 * update, "seconds": 0.5, "loss": 0.5}
        )
        directory.save(state_at(update), 10 * update)  # pyright: ignore
    return directory


def check(answer: Answer) -> None:
    """That it is an answer, or one line."""
    assert answer.status in (0, 2), answer
    if answer.status == 0:
        assert "Traceback" not in answer.err
        return
    assert answer.out == ""
    assert answer.err.startswith("engrax: ")
    assert answer.err.endswith("\n")
    assert answer.err[:-1].isprintable(), answer.err
