"""The command line: what it answers, and that whatever is wrong is said in one line."""

import functools
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import engrax
from engrax.cli.main import COMMANDS
from engrax.errors import ConfigError
from engrax.experiments.codec import encode
from engrax.experiments.presets import PRESETS
from engrax.runs.directory import RunDirectory

from unit.runs.fake_runs import Answer

BUILD = "engrax.runs.training.build_trainer"


def complaint(answer: Answer) -> str:
    """The one line that wrong input gets."""
    assert answer.status == 2
    assert answer.out == ""
    assert answer.err.startswith("engrax: ")
    assert answer.err.endswith("\n")
    assert len(answer.err.splitlines()) == 1
    return answer.err.removeprefix("engrax: ").removesuffix("\n")


@pytest.mark.parametrize("words", [[], ["--help"], ["-h"]])
def test_help_names_every_command_with_examples(engrax_cli: Any, words: Sequence[str]):
    answer = engrax_cli(*words)
    assert answer.status == 0
    assert all(f"  {command} " in answer.out for command in COMMANDS)
    assert "examples:" in answer.out


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_examples(engrax_cli: Any, command: str):
    answer = engrax_cli(command, "--help")
    assert (answer.status, answer.err) == (0, "")
    assert answer.out.startswith(f"usage: engrax {command}")
    assert "examples:" in answer.out


def test_help_on_a_preset_shows_every_setting_and_its_value(engrax_cli: Any):
    out = engrax_cli("train", "debug", "--help").out
    assert "settings of debug" in out
    for line in ("--agent.memory.width 8", "--learner.learning_rate 0.001", "--streams 4"):
        assert f"\n  {line}\n" in out


def test_version(engrax_cli: Any):
    assert engrax_cli("--version").out == f"engrax {engrax.__version__}\n"


def test_help_is_quick():
    start = time.monotonic()
    subprocess.run(
        [sys.executable, "-m", "engrax.cli.main", "--help"], check=True, capture_output=True
    )
    unknown = subprocess.run(
        [sys.executable, "-m", "engrax.cli.main", "trian"], check=False, capture_output=True
    )
    assert unknown.returncode == 2
    assert time.monotonic() - start < 2.0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("trian", "unknown command 'trian'; did you mean train?"),
        ("dance", "unknown command 'dance'; known: list, train"),
        ("--helpp", "unknown command '--helpp'"),
        ("list --jso", "unknown argument '--jso', did you mean --json?; see `engrax list --help`"),
        ("train", "the following arguments are required: PRESET; see `engrax train --help`"),
        ("train debgu", "unknown preset 'debgu'; did you mean debug?"),
        ("train debug more", "unknown argument 'more'"),
        ("train debug --memory.width", "'--memory.width' needs a value"),
        (
            "train debug --memory.widht 3",
            "unknown setting '--memory.widht'; did you mean --agent.memory.width?",
        ),
        (
            "train debug --learning_rate 3",
            "unknown setting '--learning_rate'; did you mean --learner.learning_rate?",
        ),
        ("train debug --memory.width 0.5", "agent.memory.width: expected an integer, got '0.5'"),
        ("train debug --memory hcma", "--agent.memory: 'hcma' is not known; did you mean hcam?"),
        ("train debug --updates 0", "updates is 0, expected at least 1"),
        ("train debug --updates many", "updates: expected an integer, got 'many'"),
        ("train debug --out", "argument --out: expected one argument"),
        (
            "train ballet",
            "unknown preset 'ballet'; presets with that in their name: hcam-ballet-paper",
        ),
        ("train zzz", "unknown preset 'zzz'; `engrax list` describes all presets"),
        (
            "train debug --device gpu",
            "unknown argument '--device'; JAX chooses the device: set JAX_P",
        ),
        ("resume run --total-timesteps=9", "unknown argument '--total-timesteps'; say how long to"),
        ("train debug --steps 2.5", "argument --steps: expected an integer from 1 to"),
        ("train debug --steps 1e3 --updates 2", "--updates and --steps both say how long to train"),
        ("resume run --steps 1e3 --updates 2", "--updates and --steps both say how long to train"),
        ("train debug --import no.such", "--import no.such: there is no module 'no'"),
        ("train debug --json=3", "argument --json: ignored explicit argument '3'"),
        ("train debug --streams 100000000000", "this experiment's state takes 2"),
        ("resume", "the following arguments are required: DIR"),
        ("resume nowhere", "nowhere is not a run directory: it does not exist"),
        ("resume run --updates 0", "argument --updates: expected an integer from 1 to"),
        (
            "evaluate run --episodes few",
            "argument --episodes: expected an integer from 1 to 10000000, got 'few'",
        ),
        ("evaluate run --seed -1", "argument --seed: expected"),
        ("evaluate .", ". is not a run directory: it has no config.json"),
        ("evaluate run", "run/weights.safetensors"),
        ("show nowhere --json", "nowhere is not a run directory"),
        (f"show {'x' * 300}", f"{'x' * 300}/config.json: File name too long"),
    ],
)
def test_wrong_input_is_one_line(
    engrax_cli: Any, directory: RunDirectory, words: str, message: str
):
    assert complaint(engrax_cli(*words.split())).startswith(message)


def test_a_directory_that_cannot_be_written_is_named(
    engrax_cli: Any, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(BUILD, lambda experiment: (None, None))
    assert complaint(engrax_cli("train", "debug", "--out", "/proc/here")).startswith("/proc/here: ")


def test_errors_of_the_program_are_not_hidden(engrax_cli: Any, monkeypatch: pytest.MonkeyPatch):
    def broken(experiment: Any):
        raise ValueError("a mistake of ours")

    monkeypatch.setattr(BUILD, broken)
    with pytest.raises(ValueError, match="a mistake of ours"):
        engrax_cli("train", "debug")


def test_ctrl_c_is_no_traceback(engrax_cli: Any, monkeypatch: pytest.MonkeyPatch):
    def interrupted(experiment: Any):
        raise KeyboardInterrupt

    monkeypatch.setattr(BUILD, interrupted)
    assert engrax_cli("train", "debug") == Answer(130, "", "engrax: stopped\n")


known = [
    "list",
    "train",
    "resume",
    "evaluate",
    "show",
    "debug",
    "--json",
    "--out",
    "--updates",
    "--memory.width",
    "3",
]
words = st.lists(
    st.sampled_from([*known, "--memory", "lstm", "--seed", "-1", "run", "=", "--"]) | st.text(),
    max_size=6,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(words)
def test_any_words_are_answered_or_refused_in_one_line(
    engrax_cli: Any, directory: RunDirectory, monkeypatch: pytest.MonkeyPatch, words: list[str]
):
    def stop(experiment: Any):
        raise ConfigError("far enough")

    monkeypatch.setattr(BUILD, stop)
    answer = engrax_cli(*words) if words[:1] != ["demo"] else Answer(0, "", "")
    if answer.status:
        assert complaint(answer)


plain = (
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats()
    | st.text()
    | st.just({})
)
paths = st.sampled_from(
    ["task", "agent.memory", "agent.memory.kind", "learner.epochs", "streams", "seed", "more"]
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(paths, plain)
def test_any_config_is_read_or_refused_in_one_line(
    engrax_cli: Any, directory: RunDirectory, path: str, value: Any
):
    experiment = encode(PRESETS["debug"])
    *above, name = path.split(".")
    group = functools.reduce(dict.__getitem__, above, experiment)
    group[name] = value
    (directory.path / "config.json").write_text(json.dumps({"experiment": experiment}))
    answer = engrax_cli("show", str(directory.path), "--json")
    if answer.status:
        assert complaint(answer).startswith(f"{directory.path / 'config.json'}: ")
