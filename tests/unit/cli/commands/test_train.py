"""`engrax train`: its help, what it says at its start, and a package of one's own."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest

PACKAGE = '''\
from dataclasses import dataclass

from engrax.memory import MEMORIES, LSTMSizes


@dataclass(frozen=True, kw_only=True)
class MySizes(LSTMSizes):
    """An LSTM by another name."""


MEMORIES["mine"] = MySizes
'''


@pytest.mark.parametrize("words", ["train debug --memory lstm", "train --memory lstm debug"])
def test_help_shows_the_settings_as_the_other_words_change_them(engrax_cli: Any, words: str):
    answer = engrax_cli(*words.split(), "--help")
    assert answer.status == 0
    assert answer.out.startswith("usage: engrax train")
    assert "--agent.memory lstm" in answer.out
    assert "--agent.memory.num_chunks" not in answer.out


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ("train nosuch --help", "unknown preset 'nosuch'"),
        ("train debug --memory hcma --help", "did you mean hcam?"),
        ("train --import no_such_package debug -h", "there is no module 'no_such_package'"),
    ],
)
def test_help_on_what_there_is_not_is_one_line(engrax_cli: Any, words: str, complaint: str):
    answer = engrax_cli(*words.split())
    assert (answer.status, answer.out) == (2, "")
    assert complaint in answer.err


@pytest.mark.slow
def test_it_says_how_observations_are_read(engrax_cli: Any):
    words = "--streams 2 --segment_length 4 --learner.minibatches 1 --agent.hidden 4 --updates 1"
    name = "gymnasium:unit.gym.environments:tests/Talking-v0"
    answer = engrax_cli("train", name, *words.split(), "--memory", "none", "--out", "run")
    assert answer.status == 0
    assert "texts of 5 words by a vocabulary of" in answer.err


@pytest.mark.slow
def test_a_run_with_a_memory_of_a_package_of_one_s_own(tmp_path):
    (tmp_path / "my_package.py").write_text(PACKAGE)
    surroundings = {**os.environ, "PYTHONPATH": str(tmp_path)}

    def engrax(*words: str) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-m", "engrax", *words]
        return subprocess.run(
            command, cwd=tmp_path, env=surroundings, capture_output=True, text=True, check=False
        )

    words = "--import my_package --memory mine --memory.width 4 --updates 1 --out run"
    trained = engrax("train", "debug", *words.split())
    assert trained.returncode == 0, trained.stderr
    assert json.loads((tmp_path / "run" / "config.json").read_text())["imports"] == ["my_package"]
    without = engrax("evaluate", "run", "--episodes", "4")
    assert without.returncode == 2
    assert without.stderr.rstrip().endswith("this run needs --import my_package")
    found = engrax("evaluate", "run", "--episodes", "4", "--import", "my_package", "--json")
    assert json.loads(found.stdout)["memory"] == "mine"
