"""A published run is small, says what was measured, and can be evaluated and started from."""

import json
from pathlib import Path

import pytest

from engrax.cli.main import main
from engrax.runs.directory import RunDirectory

TRAIN = (
    "train",
    "debug",
    "--memory",
    "lstm",
    "--memory.width",
    "8",
    "--updates",
    "3",
    "--checkpoint_every",
    "2",
)


@pytest.mark.slow
def test_a_run_is_published_evaluated_and_started_from(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    run, out = str(tmp_path / "run"), tmp_path / "results"
    assert main([*TRAIN, "--out", run]) == 0
    options = [
        "--out",
        str(out),
        "--optimiser",
        "--episodes",
        "20",
        "--note",
        "The paper: none.",
        "One seed.",
        "--machine",
        "one accelerator",
    ]
    assert main(["publish", run, *options]) == 0
    names = ["README.md", "config.json", "learning_curve.png", "metrics.jsonl"]
    assert sorted(p.name for p in out.iterdir()) == [
        *names,
        "optimiser.safetensors",
        "weights.safetensors",
    ]
    capsys.readouterr()
    assert main(["evaluate", str(out), "--episodes", "20", "--seed", "1", "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    text = (out / "README.md").read_text()
    assert f"success {result['success_rate']:.3f}" in text
    for line in (
        "3 updates, 192 environment steps",
        "engrax train debug --memory lstm",
        "* The paper: none.\n* One seed.",
        " s on one accelerator; seed",
    ):
        assert line in text
    assert len(RunDirectory.open(out).metrics.rows()) == 3
    assert main([*TRAIN, "--from", str(out), "--out", str(tmp_path / "further")]) == 0
    assert "fresh" not in capsys.readouterr().err
    assert main(["publish", run, "--out", str(out)]) == 2
    assert "exists; give a new directory as --out" in capsys.readouterr().err
