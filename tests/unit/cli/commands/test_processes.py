"""Runs in processes of their own: stopped and resumed, they end exactly where they would have."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from engrax.runs.checkpoint import load

pytestmark = pytest.mark.slow

TRAIN = (
    *("train", "debug", "--memory", "lstm", "--memory.width", "8", "--checkpoint_every", "2"),
    *("--placement.devices", "2"),
)


def start(*words: str, **environment: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "engrax.cli.main", *words]
    pipe, environment = subprocess.PIPE, {**os.environ, **environment}
    return subprocess.Popen(command, text=True, stdout=pipe, stderr=pipe, env=environment)


CLOCKS = ("seconds", "cpu_seconds")


def engrax(*words: str, **environment: str) -> dict[str, Any]:
    """The answer, in JSON, of a command that goes well."""
    process = start(*words, "--json", **environment)
    out, err = process.communicate()
    assert process.returncode == 0, err
    assert out.count("\n") == 1
    return json.loads(out)


def lines(directory: Path) -> list[dict[str, Any]]:
    """The metrics, but for what the clock says."""
    rows = [json.loads(line) for line in (directory / "metrics.jsonl").read_text().splitlines()]
    return [{name: value for name, value in row.items() if name not in CLOCKS} for row in rows]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that was never stopped."""
    path = tmp_path_factory.mktemp("runs") / "whole"
    engrax(*TRAIN, "--updates", "6", "--out", str(path))
    return path


def test_resume_is_exact(whole: Path, tmp_path: Path):
    """Also where another number of devices would be chosen."""
    part = tmp_path / "part"
    half = engrax(*TRAIN, "--updates", "3", "--out", str(part))
    resumed = engrax("resume", str(part), "--updates", "6", JAX_NUM_CPU_DEVICES="1")
    shown = engrax("show", str(whole))
    assert half["updates"] == 3
    assert (resumed["updates"], resumed["target_updates"]) == (6, 6)
    assert resumed["state_sha256"] == shown["state_sha256"] != half["state_sha256"]
    assert lines(part) == lines(whole)
    weights = [load(path / "weights.safetensors").state_sha256 for path in (part, whole)]
    assert weights[0] == weights[1]


def test_ctrl_c_saves_and_says_how_to_go_on(whole: Path, tmp_path: Path):
    part = tmp_path / "part"
    process = start(*TRAIN, "--updates", "1000000", "--out", str(part))
    while process.poll() is None and not (part / "metrics.jsonl").exists():
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGINT)
    _, err = process.communicate()
    assert process.returncode == 130, err
    assert f"all is saved; go on: engrax resume {part}" in err
    assert "Traceback" not in err
    shown = engrax("show", str(part))
    assert shown["updates"] == shown["metrics"]["update"] >= 1
    shared = min(6, shown["updates"])
    assert lines(part)[:shared] == lines(whole)[:shared]


def test_evaluation_is_reproducible_and_complete(whole: Path):
    words = ("evaluate", str(whole), "--episodes", "30", "--seed", "1")
    result = engrax(*words)
    assert result == engrax(*words)
    assert result["environment"] == {
        "id": "recall",
        "delay": 4,
        "num_cues": 4,
        "distractors": False,
        "cues": "independent",
    }
    assert (result["agent"], result["memory"], result["episodes"]) == ("actor_critic", "lstm", 30)
    assert (result["seed"], result["greedy"], result["chance"]) == (1, False, 0.25)
    assert result["environment_steps"] == engrax("show", str(whole))["environment_steps"]
    low, high = result["return_ci95"]
    assert low <= result["mean_return"] == result["success_rate"] <= high
