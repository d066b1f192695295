"""`benchmarks/merlin_tasks.py` evaluates what is published, and says what is not."""

import json
import runpy
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "benchmarks" / "merlin_tasks.py"
PUBLISHED = "merlin-latent-tmaze"


@pytest.mark.slow
def test_shares_of_what_is_published(tmp_path, monkeypatch, capsys):
    results, out = tmp_path / "results", tmp_path / "out"
    results.mkdir()
    (results / PUBLISHED).symlink_to(ROOT / "results" / PUBLISHED)
    words = ["--results", str(results), "--out", str(out), "--episodes", "200"]
    monkeypatch.setattr(sys, "argv", [str(SCRIPT), *words])
    runpy.run_path(str(SCRIPT), run_name="__main__")
    scores = json.loads((out / "scores.json").read_text())
    assert list(scores) == [PUBLISHED]
    share, low, high = scores[PUBLISHED]["share"]
    assert 0.9 <= low <= share <= high <= 1
    assert share == scores[PUBLISHED]["score"]
    assert "lstm-latent-tmaze: no result" in capsys.readouterr().out
    assert (out / "shares.png").stat().st_size > 1000
    table = (out / "README.md").read_text()
    assert f"| latent T-maze, a delay of 20 | {share:.2f} ({share:.0%}), 6.1 M steps | - |" in table


def test_every_task_has_a_published_name_and_a_perfect_score_above_none():
    tasks = runpy.run_path(str(SCRIPT))["TASKS"]
    assert len(tasks) == 7
    assert all(played.perfect > played.none for played in tasks.values())
