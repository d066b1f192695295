"""Comparing presets: what is trained, what is kept, and what the report says."""

import json
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from engrax.cli import compare
from engrax.cli.main import main
from engrax.evaluation.comparison import (
    curve_with_band,
    interquartile_mean,
    probability_of_improvement,
)
from engrax.runs.directory import RunDirectory

ASKED = [
    "compare",
    "debug",
    "merlin-recall-debug",
    "--seeds",
    "2",
    "--episodes",
    "20",
    "--also",
    "delay=6",
]


def test_the_interquartile_mean_leaves_out_the_outer_quarters():
    scores = np.asarray([0.0, 5.0, 6.0, 7.0, 8.0, 100.0, 4.0, 9.0])
    mean = interquartile_mean(scores)
    assert mean.value == pytest.approx(np.mean([5.0, 6.0, 7.0, 8.0]))
    low, high = mean.ci95
    draws = np.random.default_rng(1).choice(scores, (4000, 8))
    np.testing.assert_allclose(
        [low, high], np.percentile(stats.trim_mean(draws, 0.25, axis=1), [2.5, 97.5]), atol=1.5
    )


def test_one_run_says_nothing_of_other_runs():
    assert interquartile_mean([0.7]) == (0.7, None)
    assert probability_of_improvement([0.7], [0.5, 0.6]) == (1.0, None)


def test_improvement_is_the_share_of_pairs_and_ties_count_half():
    ours, theirs = [3.0, 2.0, 1.0], [2.0, 0.0]
    pairs = [(a > b) + 0.5 * (a == b) for a in ours for b in theirs]
    chance = probability_of_improvement(ours, theirs)
    assert chance.value == pytest.approx(np.mean(pairs))
    assert chance.value == pytest.approx(stats.mannwhitneyu(ours, theirs).statistic / 6)
    assert 0 <= chance.ci95[0] <= chance.value <= chance.ci95[1] <= 1


def test_curves_are_compared_where_all_runs_have_been():
    steps = [[0.0, 10.0, 20.0], [5.0, 10.0, 15.0]]
    grid, mean, band = curve_with_band(steps, [[0.0, 1.0, 2.0], [1.0, None, 3.0]], window=1)
    assert (grid[0], grid[-1]) == (5.0, 15.0)
    np.testing.assert_allclose(mean[[0, -1]], [(0.5 + 1.0) / 2, (1.5 + 3.0) / 2])
    assert np.all(band[0] <= mean)
    assert np.all(mean <= band[1])
    assert curve_with_band(steps[:1], [[0.0, 1.0, 2.0]], window=1)[2] is None


@pytest.mark.slow
def test_a_comparison_goes_on_where_it_was_stopped(tmp_path, monkeypatch, capsys):
    """Stopped before its last run, it trains that one only, and plays no episode twice."""
    out, trained, played = tmp_path / "out", [], []
    real_train, real_evaluate = compare.training.run, compare.evaluate

    def train(trainer, state, directory, **settings):
        if len(trained) == 3:
            trained.append("stopped")
            raise KeyboardInterrupt
        trained.append(directory.path.name)
        return real_train(trainer, state, directory, **settings)

    def evaluate(directory, *arguments, **named):
        played.append(directory.path.name)
        return real_evaluate(directory, *arguments, **named)

    monkeypatch.setattr(compare.training, "run", train)
    monkeypatch.setattr(compare, "evaluate", evaluate)
    assert main([*ASKED, "--out", str(out)]) == 130
    assert trained[:3] == ["debug-0", "merlin-recall-debug-0", "debug-1"]
    assert not (out / "report.html").exists()
    assert main([*ASKED, "--out", str(out)]) == 0
    assert trained[3:] == ["stopped", "merlin-recall-debug-1"]
    assert sorted(played) == sorted(
        2 * ["debug-0", "debug-1", "merlin-recall-debug-0", "merlin-recall-debug-1"]
    )
    assert main([*ASKED, "--out", str(out)]) == 0
    assert (len(trained), len(played)) == (5, 8)
    check_report(out)
    capsys.readouterr()
    assert main([*ASKED, "--out", str(out), "--learner.learning_rate", "0.1"]) == 2
    assert "debug-0 was trained with other settings" in capsys.readouterr().err
    with RunDirectory.open(out / "debug-0").exclusive():
        assert main([*ASKED, "--out", str(out)]) == 0
    assert "debug-0 is being trained by another process" in capsys.readouterr().err


def check_report(out: Path):
    report = json.loads((out / "report.json").read_text())
    assert list(report["levels"]) == ["recall", "delay=6 (not trained on)"]
    for agents in report["levels"].values():
        assert list(agents) == ["debug", "merlin-recall-debug"]
        for score in agents.values():
            assert score["interquartile_mean"] == pytest.approx(np.mean(score["mean_returns"]))
    kept = json.loads((out / "evaluations" / "debug-1.json").read_text())
    assert (
        kept["levels"]["recall"]["mean_return"]
        == report["levels"]["recall"]["debug"]["mean_returns"][1]
    )
    page = (out / "report.html").read_text()
    assert "<svg" in page
    assert "src=" not in page
    assert 'href="http' not in page
    assert f"{report['levels']['recall']['debug']['interquartile_mean']:.3f}" in page


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["debug", "debug"], "preset 'debug' is named twice"),
        (["debug", "--also", "delay"], "--also 'delay': expected settings of the task"),
        (["debug", "--also", "colour=3"], "unknown setting '--task.colour'"),
        (["debgu"], "did you mean debug"),
    ],
)
def test_what_cannot_be_compared_is_named(words, message, tmp_path, capsys):
    assert main(["compare", *words, "--out", str(tmp_path / "out")]) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
