"""`engrax evaluate` of a mixture: its levels one by one, and others."""

import json
from pathlib import Path
from typing import Any

import pytest

from engrax.cli.main import main


def evaluated(run: str, capsys: Any, *words: str) -> dict[str, Any]:
    capsys.readouterr()
    assert main(["evaluate", run, "--episodes", "8", "--json", *words]) == 0
    return json.loads(capsys.readouterr().out)


@pytest.mark.slow
def test_levels_are_evaluated_one_by_one_and_so_are_others(tmp_path: Path, capsys: Any):
    levels = '[{"kind": "recall", "delay": 2}, {"kind": "recall", "delay": 5}]'
    run, task = str(tmp_path / "run"), ["--task", "mixture", "--task.levels", levels]
    assert main(["train", "debug", *task, "--updates", "1", "--out", run]) == 0
    result = evaluated(run, capsys)
    delays = {name: one["environment"]["delay"] for name, one in result["levels"].items()}
    assert delays == {"delay=2": 2, "delay=5": 5}
    assert evaluated(run, capsys, "--task.delay", "7")["environment"]["delay"] == 7
    assert main(["evaluate", run, "--episodes", "8", "--task.delay", "7"]) == 0
    assert "on recall (delay 7), after" in capsys.readouterr().out
    assert main(["evaluate", run, "--task.num_cues", "6"]) == 2
    assert "could not play this task" in capsys.readouterr().err
