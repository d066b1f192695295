"""Logging to Weights & Biases, with a stand-in for its package."""

import sys
from importlib.machinery import ModuleSpec
from types import ModuleType

import pytest

import engrax
from engrax.errors import ConfigError, UserError
from engrax.runs.directory import RunDirectory
from engrax.runs.training import resumed_run


class Run:
    """Keeps what it is told."""

    def __init__(self, **settings):
        self.settings, self.metrics, self.rows, self.finished = settings, [], [], False

    def define_metric(self, name, step_metric):
        self.metrics.append((name, step_metric))

    def log(self, row):
        self.rows.append(row)

    def finish(self):
        self.finished = True


@pytest.fixture(name="runs")
def stand_in(monkeypatch):
    made, module = [], ModuleType("wandb")
    module.__spec__ = ModuleSpec("wandb", None)
    module.init = lambda **settings: made.append(Run(**settings)) or made[-1]
    monkeypatch.setitem(sys.modules, "wandb", module)
    monkeypatch.delenv("WANDB_PROJECT", raising=False)
    return made


def train(out, log="wandb"):
    return engrax.train("debug", out, settings={"updates": "2"}, log=log)


@pytest.mark.slow
def test_a_run_is_logged_over_environment_steps_and_goes_on_where_it_is_resumed(runs, tmp_path):
    train(tmp_path / "run")
    rows = RunDirectory.open(tmp_path / "run").metrics.rows()
    first = runs[0]
    assert first.finished
    assert first.metrics == [("*", "environment_steps")]
    assert [row["environment_steps"] for row in first.rows] == [
        row["environment_steps"] for row in rows
    ]
    assert first.rows[-1]["loss"] == rows[-1]["loss"]
    assert "update" not in first.rows[-1]
    assert first.settings["project"] == "engrax"
    assert first.settings["name"] == "run"
    assert first.settings["config"]["experiment"]["updates"] == 2
    engrax.resume(tmp_path / "run", 3)
    assert runs[1].settings["id"] == first.settings["id"]
    assert runs[1].settings["resume"] == "allow"
    assert len(runs[1].rows) == 1
    with resumed_run(tmp_path / "run", 4, log="none") as job:
        job.run()
    assert len(runs) == 2


def test_what_cannot_be_logged_is_said_before_anything_is_made(monkeypatch, tmp_path):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r'not installed: pip install "engrax\[wandb\]"'):
        train(tmp_path / "run")
    with pytest.raises(ConfigError, match="log is 'csv', expected wandb or none"):
        train(tmp_path / "run", log="csv")
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
def test_an_error_of_its_own_is_one_line_with_a_way_out(runs, monkeypatch, tmp_path):
    def refuse(**settings):
        raise RuntimeError("No API key\nconfigured.")

    monkeypatch.setattr(sys.modules["wandb"], "init", refuse)
    with pytest.raises(UserError, match=r"cannot start .No API key configured.*WANDB_MODE=offline"):
        train(tmp_path / "run")
    assert runs == []
