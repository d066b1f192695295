"""The command line as a function, in a directory of its own, and a run that costs nothing."""

from pathlib import Path

import pytest

from engrax.cli.main import main
from engrax.experiments.presets import PRESETS
from engrax.runs.directory import RunDirectory

from unit.cli.bad_input import cli
from unit.runs.fake_runs import Answer, state_at

__all__ = ["cli"]


@pytest.fixture
def engrax_cli(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.chdir(tmp_path)

    def run(*words: str) -> Answer:
        status = main(words)
        return Answer(status, *capsys.readouterr())

    return run


@pytest.fixture
def directory(tmp_path: Path) -> RunDirectory:
    path, preset = tmp_path / "run", PRESETS["debug"]
    directory = RunDirectory.create(path, preset, preset="debug", command=["engrax", "train"])
    row = {"update": 3, "environment_steps": 30, "return": None, "loss": 0.5}
    directory.metrics.append(row)
    directory.save(state_at(3), 30)
    return directory
