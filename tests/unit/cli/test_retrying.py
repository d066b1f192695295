"""`--retries`: what is tried again, and how."""

from pathlib import Path

import pytest

from engrax.cli import retrying
from engrax.cli.retrying import supervised, without


@pytest.fixture
def ran(monkeypatch, tmp_path):
    """The commands that were run; each ends with the next of `statuses`, and makes the run."""
    commands, statuses = [], []

    def run(words):
        commands.append(list(words))
        if words[0] == "train" and statuses[0] != -6:
            (tmp_path / "config.json").touch()
        return statuses.pop(0)

    monkeypatch.setattr(retrying, "_run", run)
    return commands, statuses


@pytest.mark.parametrize("status", [0, 2, 130])
def test_what_ended_by_itself_is_not_tried_again(ran, tmp_path, status):
    commands, statuses = ran
    statuses += [status]
    assert supervised(["train", "debug"], tmp_path, [], 3) == status
    assert commands == [["train", "debug"]]


def test_what_died_goes_on_with_the_run_that_it_made(ran, tmp_path: Path):
    """The first try dies before it has made the directory."""
    commands, statuses = ran
    statuses += [-6, -9, 1, 0]
    hosts = ["--coordinator", "here:80"]
    assert supervised(["train", "debug"], tmp_path, hosts, 3) == 0
    again = ["resume", str(tmp_path), *hosts]
    assert commands == [["train", "debug"], ["train", "debug"], again, again]


def test_the_last_status_is_told(ran, tmp_path):
    commands, statuses = ran
    statuses += [-9, -9, -11]
    assert supervised(["train", "debug"], tmp_path, [], 2) == -11
    assert len(commands) == 3


def test_an_option_is_left_out_in_both_its_forms():
    words = ["debug", "--retries", "3", "--out", "a"]
    assert without(words, "--retries") == ["debug", "--out", "a"]
    assert without(["--retries=3", "debug"], "--retries") == ["debug"]
