"""Whatever is typed: an answer, or one line that says what is wrong."""

import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engrax.cli.main import COMMANDS
from engrax.experiments.codec import encode
from engrax.experiments.config import Experiment
from engrax.experiments.presets import PRESETS
from engrax.experiments.settings import list_settings

from unit.cli.bad_input import FUZZ, check, stop
from unit.runs.fake_runs import FakeCli, FakeTrainer

SETTINGS = [setting.path for setting in list_settings(Experiment, encode(PRESETS["debug"]))]

NUMBERS = [
    "0",
    "-1",
    "1",
    "3",
    "1e3",
    "1_0",
    "0x10",
    "٣",
    "nan",
    "inf",
    "-inf",
    "1e999",
    "-0",
    "9" * 30,
    "9" * 5000,
]
STRANGE = [
    "",
    " ",
    "\n",
    "\t",
    "\r\n",
    "\x1b[31m",
    "\x7f",
    "\u202e",
    "\u2028",
    "é",
    "😀",
    "\udcff",
    "\ud800",
    "\0",
]
WORDS = [
    "lstm",
    "hcam",
    "true",
    "none",
    "a,b",
    ",",
    "1,2,3",
    "{}",
    "[1]",
    "-",
    "--",
    "=",
    "--=",
    "--=3",
    "-x",
    "*",
    "%s",
]
PATHS = [
    "run",
    "run/",
    "file",
    "pipe",
    ".",
    "..",
    "nowhere",
    "file/below",
    "run/config.json",
    "x" * 300,
    "a/" * 3000,
]
SYSTEM = [
    "/",
    "/dev/null",
    "/dev/zero",
    "/proc/self/mem",
    "/proc/1/root",
    "~",
    "$HOME",
    "run\0",
    "\udcff/x",
]

values = (
    st.sampled_from([*NUMBERS, *STRANGE, *WORDS])
    | st.integers().map(str)
    | st.floats().map(str)
    | st.text()
)
paths = st.sampled_from([*PATHS, *SYSTEM, *STRANGE])


def option(name: str, of: st.SearchStrategy[str]) -> st.SearchStrategy[list[str]]:
    """An option in all its forms: with a value, joined to it, without one."""
    return st.one_of(
        of.map(lambda value: [name, value]),
        of.map(lambda value: [f"{name}={value}"]),
        st.just([name]),
    )


def line(
    command: str, positional: st.SearchStrategy[str], *options: Any
) -> st.SearchStrategy[list[str]]:
    """A command line that is nearly right: its arguments in any order, some twice, with a stray
    word at times.
    """
    named = [option(name, of) for name, of in options]
    flags = st.sampled_from([["--json"], ["--json"], ["--help"], ["--jso"], ["--"]])
    parts = st.lists(
        st.one_of(positional.map(lambda word: [word]), flags, *named, values.map(lambda x: [x])),
        max_size=5,
    )
    return parts.map(lambda parts: [command, *(word for part in parts for word in part)])


ADDRESSES = [
    "auto",
    "127.0.0.1:1",
    "::1:1",
    "..:80",
    "a" * 300 + ":80",
    ":80",
    "here:",
    "here:99999",
    "here:" + "9" * 5000,
]
addresses = st.sampled_from(ADDRESSES) | values
MANY = [
    ("--together", values),
    ("--ray", values),
    ("--ray-address", addresses),
    ("--cpus", values),
    ("--gpus", values),
    ("--retries", values),
]
HOSTS = [
    ("--coordinator", addresses | st.just("ray")),
    ("--cpus", values),
    ("--gpus", values),
    ("--hosts", values),
    ("--host", values),
    ("--retries", values),
]
presets = (
    st.sampled_from(["debug", "debug", "hcam-ballet-laptop", "hcam-ballet-demo", "debgu"]) | values
)
assignments = [(f"--{path}", values) for path in SETTINGS]
LINES = {
    "list": line("list", values),
    "train": st.one_of(
        line("train", presets, ("--out", paths), ("--from", paths), *assignments),
        line(
            "train",
            st.sampled_from(["debug", "lstm-cartpole-hidden"]),
            ("--actors", values),
            ("--min-actors", values),
            ("--ray-address", addresses),
            ("--out", paths),
            *HOSTS,
            *assignments,
        ),
        st.tuples(st.sampled_from(SETTINGS), values).map(
            lambda pair: ["train", "debug", f"--{pair[0]}={pair[1]}"]
        ),
    ),
    "resume": line(
        "resume",
        paths,
        ("--updates", values),
        ("--steps", values),
        ("--ray-address", addresses),
        *HOSTS,
    ),
    "evaluate": line(
        "evaluate",
        paths,
        ("--episodes", values),
        ("--seed", values),
        ("--greedy", values),
        *assignments,
    ),
    "sweep": line(
        "sweep",
        presets,
        ("--over", values),
        ("--random", values),
        ("--out", paths),
        ("--seeds", values),
        *MANY,
    ),
    "compare": line(
        "compare",
        presets,
        ("--out", paths),
        ("--seeds", values),
        ("--updates", values),
        ("--episodes", values),
        ("--seed", values),
        (
            "--also",
            values
            | st.sampled_from(
                ["delay=6", "delay=-1", "delay", "task.delay=3,num_cues=2", "=", ","]
            ),
        ),
        *MANY,
        *assignments,
    ),
    "show": line("show", paths),
    "watch": line("watch", paths, ("--once", values), ("--all", values)),
    "view": line(
        "view",
        paths,
        ("--out", paths | st.just("a.html")),
        ("--against", paths),
        ("--data", paths | st.just("a.npz")),
        ("--episodes", values),
        ("--seed", values),
        ("--greedy", values),
        ("--open", values),
    ),
    "recall": line(
        "recall", paths, ("--episodes", values), ("--seed", values), ("--greedy", values)
    ),
    "replay": line(
        "replay",
        paths,
        ("--out", paths),
        ("--episodes", values),
        ("--seed", values),
        ("--greedy", values),
        ("--fps", values),
    ),
    "publish": line(
        "publish",
        paths,
        ("--out", paths),
        ("--episodes", values),
        ("--seed", values),
        ("--note", values),
    ),
    "bench": line("bench", presets, ("--rounds", values), *assignments),
    "export": line("export", paths, ("--onnx", paths), ("--stablehlo", paths)),
    "probe": line("probe", paths, ("--streams", values), ("--steps", values), ("--seed", values)),
    "demo": line(
        "demo",
        values,
        ("--minutes", values),
        ("--merlin-minutes", values),
        ("--episodes", values),
        ("--out", paths),
    ),
}


def test_every_command_has_its_lines():
    assert set(LINES) == set(COMMANDS), (
        "add the new command to LINES, and to the fixture what it must not start"
    )


@pytest.mark.parametrize("command", LINES)
@FUZZ
@given(st.data())
def test_any_line_is_answered_or_refused(cli: FakeCli, command: str, data: st.DataObject):
    check(cli(*data.draw(LINES[command])))


@pytest.mark.parametrize("path", SETTINGS)
def test_any_value_of_any_setting_is_taken_or_refused(cli: FakeCli, path: str):
    for value in (*NUMBERS, *STRANGE, *WORDS):
        answer = cli("train", "debug", f"--{path}={value}")
        check(answer)
        assert answer.status == 2


@FUZZ
@given(st.sampled_from(sorted(PRESETS)), st.data())
def test_any_settings_of_any_preset_are_taken_or_refused(
    cli: FakeCli, preset: str, data: st.DataObject
):
    known = [setting.path for setting in list_settings(Experiment, encode(PRESETS[preset]))]
    chosen = data.draw(st.dictionaries(st.sampled_from(known), values, min_size=1, max_size=4))
    check(cli("train", preset, *(f"--{path}={value}" for path, value in chosen.items())))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("train debug --out a --out b", "--out is given twice; give it once"),
        ("show run --json --json", "--json is given twice"),
        ("evaluate run --seed=1 --seed 2", "--seed is given twice"),
        ("train debug --seed 1 --seed=2", "'--seed' is given twice"),
        ("train debug --out=", "an argument is empty"),
        ("evaluate run --episodes=", "an argument is empty"),
        ("demo --minutes nan", "argument --minutes: expected minutes, more than 0, got 'nan'"),
        ("resume pipe", "pipe is not a run directory: it is not a directory"),
    ],
)
def test_what_is_wrong_is_said(cli: FakeCli, words: str, message: str):
    answer = cli(*words.split())
    check(answer)
    assert answer.status == 2
    assert answer.complaint.startswith(message)


@pytest.mark.parametrize(
    "words", [["show", ""], ["train", "debug", "--out", ""], ["resume", "\ud800"], ["\ud800"]]
)
def test_what_cannot_be_a_path(cli: FakeCli, words: list[str]):
    answer = cli(*words)
    check(answer)
    assert answer.status == 2


@pytest.mark.parametrize(
    "out", [*PATHS, *(path for path in SYSTEM if path not in ("~", "$HOME")), *STRANGE]
)
def test_an_out_is_made_or_refused(
    cli: FakeCli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, out: str
):
    class Trainer(FakeTrainer):
        def init(self) -> Any:
            stop()

    monkeypatch.setattr("engrax.runs.training.build_trainer", lambda experiment: (Trainer(), None))
    inside = tmp_path / "run" / "inside"
    inside.mkdir()
    monkeypatch.chdir(inside)
    answer = cli("train", "debug", "--out", out)
    check(answer)
    assert answer.status == 2
    assert not (tmp_path / "config.json").exists()


def test_streams_that_are_closed_are_no_traceback(cli: FakeCli, monkeypatch: pytest.MonkeyPatch):
    for name in ("stdout", "stderr"):
        with monkeypatch.context() as patch:
            patch.setattr(sys, name, None)
            status = cli("list").status
            getattr(sys, name).close()
        assert status == 0
