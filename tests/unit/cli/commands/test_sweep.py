"""`engrax sweep`: many values of some settings, the best first."""

import json

import pytest

from engrax.cli.commands.sweep import _parser
from engrax.cli.main import main
from engrax.errors import UsageError


def test_over_may_be_given_again():
    words = ["debug", "--over", "a=1", "b=2", "--out", "x", "--over=c=3", "--seed", "1"]
    arguments, settings = _parser().read_settings(words)
    assert arguments.over == ["a=1", "b=2", "c=3"]
    assert (arguments.preset, str(arguments.out), arguments.seed, settings) == ("debug", "x", 1, {})
    with pytest.raises(UsageError, match="--over: expected at least one argument"):
        _parser().read_settings(["debug", "--over"])
    with pytest.raises(UsageError, match="--out is given twice"):
        _parser().read_settings([*words, "--out", "y"])


@pytest.mark.slow
def test_a_sweep_lists_all_its_values_the_best_first(tmp_path, capsys):
    out = tmp_path / "sweep"
    words = ["sweep", "debug --updates 1", "--over", "learner.learning_rate=1e-3,3e-3"]
    assert main([*words, "--episodes", "20", "--out", str(out)]) == 0
    names = [f"debug updates=1 learner.learning_rate={rate}" for rate in ("1e-3", "3e-3")]
    shown = capsys.readouterr().out
    assert all(name in shown for name in names)
    found = json.loads((out / "report.json").read_text())["levels"]["recall"]
    scores = [agent["interquartile_mean"] for agent in found.values()]
    assert set(found) == set(names)
    assert scores == sorted(scores, reverse=True)


def test_what_is_wrong_is_said_before_any_training(tmp_path, capsys):
    words = ["sweep", "debug", "--over", "memory.width=8,x", "--out", str(tmp_path / "sweep")]
    assert main(words) == 2
    assert "x" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
