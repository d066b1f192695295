"""Resuming when the newest checkpoint is damaged, cut short, or gone: from the one before, and it
is said.
"""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from engrax.runs.checkpoint import state_sha256
from engrax.runs.directory import RunDirectory

from unit.runs.fake_runs import FakeCli, state_at


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> FakeCli:
    return FakeCli(monkeypatch, capsys)


@pytest.fixture
def run(cli: FakeCli, tmp_path: Path) -> Path:
    """A run with checkpoints of updates 6 and 4."""
    path = tmp_path / "run"
    assert (
        cli(
            "train", "debug", "--updates", "6", "--checkpoint_every", "2", "--out", str(path)
        ).status
        == 0
    )
    return path


def newest(run: Path) -> Path:
    return RunDirectory.open(run).checkpoints()[0]


def damage(path: Path) -> None:
    contents = bytearray(path.read_bytes())
    contents[-1] ^= 1
    path.write_bytes(contents)


def truncate(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def empty(path: Path) -> None:
    os.truncate(path, 0)


def replace_by_a_link_to_nowhere(path: Path) -> None:
    path.unlink()
    path.symlink_to("nowhere")


AGAIN = "resuming from update 4; updates 5 to 6 are made again"


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (damage, "is damaged"),
        (truncate, "is damaged"),
        (empty, "is damaged"),
        (replace_by_a_link_to_nowhere, "is missing"),
        (Path.unlink, ""),
    ],
)
def test_the_one_before_is_gone_on_from(
    cli: FakeCli, run: Path, harm: Callable[[Path], None], said: str
):
    harm(newest(run))
    answer = cli("resume", str(run), "--updates", "10", "--json")
    assert answer.status == 0, answer.err
    lines = answer.err.splitlines()
    if said:
        assert lines.pop(0).startswith(
            f"engrax: {run / 'checkpoints' / 'update-000000000006.safetensors'} {said}"
        )
    assert lines[0] == AGAIN
    shown = json.loads(answer.out)
    assert (shown["updates"], shown["state_sha256"]) == (10, state_sha256(state_at(10)))
    assert [row["update"] for row in RunDirectory.open(run).metrics.rows()] == list(range(1, 11))


def test_when_nothing_is_lost_only_the_start_is_said(cli: FakeCli, run: Path):
    assert (
        cli("resume", str(run), "--updates", "10").err.splitlines()[0] == "resuming from update 6"
    )


def test_a_run_without_any_checkpoint_starts_again(cli: FakeCli, run: Path):
    for path in RunDirectory.open(run).checkpoints():
        path.unlink()
    answer = cli("resume", str(run))
    assert answer.status == 2
    assert "has weights but no checkpoints to go on from" in answer.complaint
    (run / "weights.safetensors").unlink()
    (run / "checkpoints").rmdir()
    answer = cli("resume", str(run), "--json")
    assert (
        answer.err.splitlines()[0]
        == "no checkpoint yet, starting again; updates 1 to 6 are made again"
    )
    assert json.loads(answer.out)["state_sha256"] == state_sha256(state_at(6))


def test_a_run_with_only_damaged_checkpoints_is_refused_and_left_alone(cli: FakeCli, run: Path):
    for path in RunDirectory.open(run).checkpoints():
        empty(path)
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    answer = cli("resume", str(run))
    assert answer.status == 2
    assert "every checkpoint in" in answer.err.splitlines()[-1]
    assert {path: path.read_bytes() for path in run.rglob("*") if path.is_file()} == before


def test_a_folder_of_checkpoints_that_is_a_file_is_said_before_any_training(
    cli: FakeCli, run: Path
):
    for path in RunDirectory.open(run).checkpoints():
        path.unlink()
    (run / "weights.safetensors").unlink()
    (run / "checkpoints").rmdir()
    (run / "checkpoints").touch()
    answer = cli("resume", str(run))
    assert (answer.status, answer.complaint) == (2, f"{run / 'checkpoints'}: File exists")
