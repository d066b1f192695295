"""What cannot be published is said before any episode is played."""

from pathlib import Path

import pytest

from engrax.errors import RunError
from engrax.experiments.presets import PRESETS
from engrax.runs import publishing
from engrax.runs.directory import RunDirectory
from engrax.runs.publishing import again, check_vacant, publish

from unit.runs.fake_runs import state_at


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunDirectory:
    def played(*arguments: object):
        raise AssertionError("an episode was played")

    monkeypatch.setattr(publishing, "evaluate", played)
    run = RunDirectory.create(tmp_path / "run", PRESETS["debug"], preset="debug", command=[])
    run.save(state_at(3), 30)
    return run


def test_a_folder_that_is_taken(run: RunDirectory, tmp_path: Path):
    (tmp_path / "empty").mkdir()
    check_vacant(tmp_path / "empty")
    with pytest.raises(RunError, match="exists; give a new directory as --out"):
        publish(run, run.path)


def test_weights_that_are_too_large(run: RunDirectory, tmp_path: Path):
    run.weights.write_bytes(bytes(5_100_000))
    with pytest.raises(RunError, match=r"has 5\.1 MB, more than a published file may have: 5 MB"):
        publish(run, tmp_path / "out")


def test_an_optimiser_that_is_not_kept(run: RunDirectory, tmp_path: Path):
    run.checkpoints()[0].unlink()
    with pytest.raises(RunError, match="keeps no optimiser; publish it without --optimiser"):
        publish(run, tmp_path / "out", optimiser=True)
    assert not (tmp_path / "out").exists()


def test_the_command_that_evaluates_again_plays_other_episodes():
    command = again(Path("results/x"), {"episodes": 500, "seed": 1})
    assert command == "engrax evaluate results/x --episodes 500 --seed 2"
