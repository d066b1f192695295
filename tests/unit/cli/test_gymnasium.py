"""Somebody else's environment, by the same commands as the tasks of this library."""

import json

import pytest

from engrax.cli.main import main

NAME = "gymnasium:unit.gym.environments:tests/RememberPair-v0"
SMALL = ["--streams", "4", "--segment_length", "12", "--agent.hidden", "4", "--learner.epochs", "1"]


@pytest.mark.slow
def test_a_gymnasium_environment_is_trained_resumed_evaluated_replayed_and_compared(
    tmp_path, capsys
):
    run, words = tmp_path / "run", [*SMALL, "--memory", "lstm", "--memory.width", "4"]
    assert main(["train", NAME, *words, "--updates", "1", "--out", str(run)]) == 0
    config = json.loads((run / "config.json").read_text())
    assert config["experiment"]["task"]["kind"] == "gymnasium"
    assert config["experiment"]["task"]["states_success"] is True
    assert main(["resume", str(run), "--updates", "2"]) == 0
    capsys.readouterr()
    assert main(["evaluate", str(run), "--episodes", "6", "--seed", "1", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["memory"], found["updates"], found["mean_length"]) == ("lstm", 2, 6.0)
    assert found["environment"]["id"] == NAME.removeprefix("gymnasium:")
    assert found["success_rate"] is not None
    assert main(["replay", str(run), "--out", str(tmp_path / "replay.png")]) == 0
    assert main(["probe", str(run)]) == 2
    assert "no question" in capsys.readouterr().err
    asked = ["--task.question", "pair", "--task.question_classes", "3"]
    assert main(["probe", str(run), *asked, "--streams", "8", "--steps", "6", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["chance"], found["unseen"]) == (pytest.approx(1 / 3), None)
    assert main(["probe", str(run), "--learner", "ppo"]) == 2
    assert "of settings, only those of the task" in capsys.readouterr().err
    out = ["--seeds", "1", "--updates", "1", "--episodes", "4", "--out", str(tmp_path / "compared")]
    assert main(["compare", NAME, *words, *out]) == 0
    assert (tmp_path / "compared" / "report.html").exists()


@pytest.mark.slow
def test_merlin_learns_from_a_gymnasium_environment_and_its_speed_is_measured(tmp_path, capsys):
    words = [
        *SMALL,
        "--agent",
        "merlin",
        "--agent.latent",
        "4",
        "--agent.width",
        "4",
        "--agent.store.rows",
        "6",
    ]
    assert main(["train", NAME, *words, "--updates", "1", "--out", str(tmp_path / "run")]) == 0
    capsys.readouterr()
    assert main(["bench", NAME, *words, "--rounds", "1", "--json"]) == 0
    speed = json.loads(capsys.readouterr().out)
    assert speed["task"] == "gymnasium"
    shares = [speed[f"{part}_share"] for part in ("environment", "acting", "learning")]
    assert sum(shares) == pytest.approx(1.0, abs=1e-3)


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("gymnasium:CartPole-v9", "CartPole-v1"),
        ("gymnasium:NoSuchThing-v0", "NoSuchThing-v0"),
        ("gymnasium:no_such_module:Thing-v0", "no_such_module"),
        ("gymnasium:", "CartPole-v1"),
    ],
)
def test_an_environment_that_is_not_there_is_named_in_one_line(name, complaint, capsys):
    assert main(["train", name, "--updates", "1"]) == 2
    said = capsys.readouterr().err.strip()
    assert complaint in said
    assert "\n" not in said
