"""Comparing presets: what is trained, what is kept, and what the report says."""

import json
from pathlib import Path

import numpy as np
import pytest

from engrax.cli.main import main
from engrax.experiments import kind_of
from engrax.runs import comparing, loop, spreading
from engrax.runs.cluster import Cluster
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


@pytest.mark.slow
def test_a_comparison_goes_on_where_it_was_stopped(tmp_path, monkeypatch, capsys):
    """Stopped before its last run, it trains that one only, and plays no episode twice."""
    out, trained, played = tmp_path / "out", [], []
    real_train, real_play = loop.run, comparing.played_by

    def train(trainer, state, directory, **settings):
        if len(trained) == 3:
            trained.append("stopped")
            raise KeyboardInterrupt
        trained.append(directory.path.name)
        return real_train(trainer, state, directory, **settings)

    def play(agent, *arguments):
        played.append(f"{kind_of(agent.experiment.agent)}-{agent.experiment.seed}")
        return real_play(agent, *arguments)

    monkeypatch.setattr(loop, "run", train)
    monkeypatch.setattr(comparing, "played_by", play)
    assert main([*ASKED, "--out", str(out)]) == 130
    assert trained[:3] == ["debug-0", "merlin-recall-debug-0", "debug-1"]
    assert not (out / "report.html").exists()
    assert main([*ASKED, "--out", str(out)]) == 0
    assert trained[3:] == ["stopped", "merlin-recall-debug-1"]
    assert sorted(played) == sorted(
        2 * ["actor_critic-0", "actor_critic-1", "merlin-0", "merlin-1"]
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


def test_a_run_that_breaks_off_on_a_cluster_is_named_at_the_end(tmp_path, monkeypatch, capsys):
    """What is trained elsewhere is stood for by runs trained here, all but the last."""
    given = []

    def spread(runs, out, asked, also, cluster, progress, warn):
        progress("under way")
        given.append((asked.episodes, list(also), cluster))
        *done, failed = runs
        return comparing.train_all(done)._replace(failed=(failed,))

    monkeypatch.setattr(spreading, "spread", spread)
    out = tmp_path / "out"
    words = ["compare", "debug", "--seeds", "2", "--updates", "2", "--episodes", "20"]
    on = ["--ray-address", "auto", "--cpus", "2", "--gpus", "0.5", "--retries", "7"]
    assert main([*words, *on, "--out", str(out)]) == 1
    assert given == [(20, [], Cluster("auto", 2, 0.5, 7))]
    assert "debug-1 broke off and is not in the report" in capsys.readouterr().err
    report = json.loads((out / "report.json").read_text())
    assert len(report["levels"]["recall"]["debug"]["scores"]) == 1


def test_where_no_run_is_trained_there_is_no_report(tmp_path, monkeypatch, capsys):
    failed = lambda runs, *others: comparing.Progressed([], [], False, tuple(runs))  # noqa: E731
    monkeypatch.setattr(spreading, "spread", failed)
    out = tmp_path / "out"
    assert main(["compare", "debug", "--seeds", "1", "--ray", "--out", str(out)]) == 1
    assert "debug-0 broke off" in capsys.readouterr().err
    assert not (out / "report.html").exists()


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
        (["debug", "debug"], "'debug' is named twice"),
        (["debug", "--also", "delay"], "--also 'delay': expected settings of the task"),
        (["debug", "--also", "colour=3"], "unknown setting '--task.colour'"),
        (["debgu"], "did you mean debug"),
        (["debug", "--cpus", "2"], "--cpus says what a run has on a cluster: give --ray"),
        (["debug", "--ray", "--gpus", "1.5"], "expected a fraction below 1 or a whole number"),
        (["debug", "--ray-address", "here"], "'here': expected HOST:PORT"),
    ],
)
def test_what_cannot_be_compared_is_named(words, message, tmp_path, capsys):
    assert main(["compare", *words, "--out", str(tmp_path / "out")]) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
