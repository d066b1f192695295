"""Whatever is typed, and whatever stands in a run's files: an answer, or one line that says what is wrong."""

import copy
import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engrax.cli.main import COMMANDS
from engrax.cli.settings import list_settings
from engrax.errors import ConfigError
from engrax.experiments.codec import encode
from engrax.experiments.config import Experiment
from engrax.experiments.presets import PRESETS
from engrax.runs.directory import RunDirectory

from unit.runs.fake_runs import Answer, FakeCli, FakeTrainer, state_at

FUZZ = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60
)
DEBUG = encode(PRESETS["debug"])
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
    """A command line that is nearly right: its arguments in any order, some twice, with a stray word at times."""
    named = [option(name, of) for name, of in options]
    flags = st.sampled_from([["--json"], ["--json"], ["--help"], ["--jso"], ["--"]])
    parts = st.lists(
        st.one_of(positional.map(lambda word: [word]), flags, *named, values.map(lambda x: [x])),
        max_size=5,
    )
    return parts.map(lambda parts: [command, *(word for part in parts for word in part)])


presets = (
    st.sampled_from(["debug", "debug", "hcam-ballet-laptop", "hcam-ballet-demo", "debgu"]) | values
)
assignments = [(f"--{path}", values) for path in SETTINGS]
LINES = {
    "list": line("list", values),
    "train": st.one_of(
        line("train", presets, ("--out", paths), ("--from", paths), *assignments),
        st.tuples(st.sampled_from(SETTINGS), values).map(
            lambda pair: ["train", "debug", f"--{pair[0]}={pair[1]}"]
        ),
    ),
    "resume": line("resume", paths, ("--updates", values)),
    "evaluate": line(
        "evaluate",
        paths,
        ("--episodes", values),
        ("--seed", values),
        ("--greedy", values),
        *assignments,
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
        *assignments,
    ),
    "show": line("show", paths),
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


STARTS = (
    "train.build_trainer",
    "resume.build_trainer",
    "evaluate.evaluate",
    "compare.compare",
    "publish.evaluate",
    "replay.load_trained",
    "bench.bench",
    "demo.demonstrate",
    "probe.probe",
)
"""Where commands begin to work, once what was typed is found good."""


class FarEnough(ConfigError):
    """What was typed or read was found good."""


def stop(*words: Any, **named: Any) -> Any:
    raise FarEnough("far enough")


@pytest.fixture
def cli(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Iterator[FakeCli]:
    """The commands, in a directory with a run, a file and a pipe; nothing is trained, played or compiled."""
    cli = FakeCli(monkeypatch, capsys)
    make_run(tmp_path / "run")
    (tmp_path / "file").write_text("thesis")
    os.mkfifo(tmp_path / "pipe")
    monkeypatch.chdir(tmp_path)
    for name in STARTS:
        __import__(f"engrax.cli.{name.partition('.')[0]}")
        monkeypatch.setattr(f"engrax.cli.{name}", stop)
    yield cli
    # Nothing may have been written where one is.
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["file", "pipe", "run"]


def make_run(path: Path) -> RunDirectory:
    directory = RunDirectory.create(
        path, PRESETS["debug"], preset="debug", command=["engrax", "train", "debug"]
    )
    for update in (1, 2):
        directory.metrics.append(
            {"update": update, "environment_steps": 10 * update, "seconds": 0.5, "loss": 0.5}
        )
        directory.save(state_at(update), 10 * update)  # pyright: ignore
    return directory


def check(answer: Answer) -> None:
    """That it is an answer, or one line."""
    assert answer.status in (0, 2), answer
    if answer.status == 0:
        assert "Traceback" not in answer.err
        return
    assert answer.out == ""
    assert answer.err.startswith("engrax: ")
    assert answer.err.endswith("\n")
    assert answer.err[:-1].isprintable(), answer.err


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


plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-(10**40), 10**40)
    | st.floats()
    | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=5,
)
telling = st.sampled_from(
    [0, -1, 2**31, 2**63, 10**18, 10**4000, 1e-320, 1e308, -0.0, "hcam", "lstm", "ballet", [], {}]
)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in plain JSON."""
    yield path
    inner = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for name, item in inner:
        yield from places(item, (*path, name))


def mutate(data: st.DataObject, config: Any) -> Any:
    """The config with one place changed, removed, added to, or buried."""
    path = data.draw(st.sampled_from(list(places(config))))
    holder = {"whole": copy.deepcopy(config)}
    above: Any = holder
    *before, name = ("whole", *path)
    for step in before:
        above = above[step]
    how = data.draw(st.sampled_from(["replace", "replace", "remove", "add", "bury"]))
    if how == "remove" and path:
        del above[name]
    elif how == "add" and isinstance(above[name], dict):
        above[name][data.draw(st.text(max_size=8) | st.sampled_from(["kind", "width"]))] = (
            data.draw(plain)
        )
    elif how == "bury":
        in_list = data.draw(st.booleans())
        for _ in range(data.draw(st.sampled_from([1, 60, 70, 400]))):
            above[name] = [above[name]] if in_list else {"kind": above[name]}
    else:
        above[name] = data.draw(plain | telling)
    return holder["whole"]


extras = st.dictionaries(
    st.sampled_from(["preset", "versions", "command", "more"]), plain | telling, min_size=1
)


@FUZZ
@given(st.sampled_from(sorted(PRESETS)), st.integers(0, 3), st.data())
def test_any_config_is_read_or_refused(
    cli: FakeCli, preset: str, mutations: int, data: st.DataObject
):
    config = {
        "experiment": encode(PRESETS[preset]),
        "preset": preset,
        "versions": {"jax": "1"},
        "command": ["engrax"],
    }
    for _ in range(mutations):
        config = mutate(data, config)
    config = {**config, **data.draw(st.just({}) | extras)} if isinstance(config, dict) else config
    Path("run/config.json").write_text(json.dumps(config))
    for words in (["show", "run", "--json"], ["show", "run"], ["resume", "run"]):
        check(cli(*words))


edits = st.lists(
    st.tuples(st.integers(0, 10**5), st.integers(0, 30), st.binary(max_size=8)),
    min_size=1,
    max_size=3,
)


@FUZZ
@given(edits)
def test_any_damage_to_a_config_is_read_or_refused(
    cli: FakeCli, edits: list[tuple[int, int, bytes]]
):
    text = json.dumps({"experiment": DEBUG, "preset": "debug"}).encode()
    for where, length, what in edits:
        at = where % len(text)
        text = text[:at] + what + text[at + length :]
    Path("run/config.json").write_bytes(text)
    for words in (["show", "run", "--json"], ["evaluate", "run"], ["resume", "run"]):
        check(cli(*words))


measured = (
    st.none()
    | st.integers()
    | st.floats()
    | st.booleans()
    | st.text(max_size=4)
    | st.sampled_from([10**400, []])
)
rows = st.dictionaries(
    st.sampled_from(["update", "seconds", "environment_steps", "loss", "success"])
    | st.text(max_size=4),
    measured,
).map(lambda row: json.dumps(row).encode())
numbers = st.sampled_from(
    ["9" * 5000, "1e999", "NaN", "-Infinity", "true", '"3"', "-4", "3.0", "null", "1" * 19]
)
strange_rows = numbers.map(lambda number: f'{{"update": {number}, "loss": {number}}}'.encode())
log_lines = st.lists(
    st.one_of(
        rows,
        strange_rows,
        st.binary(max_size=20),
        st.sampled_from(
            [
                b'{"update": 3, "lo',
                b"[" * 5000,
                b"{}",
                b"[]",
                b"3",
                b"\xff\xfe",
                b'{"update": 2}',
                b"x" * 10**5,
            ]
        ),
    ),
    max_size=8,
)


@FUZZ
@given(log_lines, st.booleans())
def test_any_log_is_read_past(
    cli: FakeCli, monkeypatch: pytest.MonkeyPatch, lines: list[bytes], ended: bool
):
    path = Path("run/metrics.jsonl")
    path.write_bytes(b"\n".join(lines) + (b"\n" if ended else b""))
    for words in (["show", "run", "--json"], ["show", "run"], ["resume", "run"]):
        check(cli(*words))
    directory = RunDirectory.open(Path("run"))
    directory.metrics.append({"update": 10**9, "loss": 0.5})
    trusted = [row["update"] for row in directory.metrics.rows() if set(row) == {"update", "loss"}]
    assert ended is False or 10**9 in trusted
    directory.metrics.trim(2)
    assert all(0 <= (row["update"] or 0) <= 2 for row in directory.metrics.rows())
    directory.metrics.append({"update": 3})
    assert directory.metrics.rows()[-1] == {"update": 3}


def test_a_run_with_a_strange_log_goes_on(cli: FakeCli, monkeypatch: pytest.MonkeyPatch):
    shapes: Callable[[Any], Any] = lambda experiment: (FakeTrainer(), state_at(0))  # noqa: E731
    monkeypatch.setattr("engrax.runs.training.build_trainer", shapes)
    with Path("run/metrics.jsonl").open("ab") as file:
        file.write(
            b'{"update": true, "seconds": "x"}\n{"update": 2, "seconds": 1e999}\n\xff\xfe\x00\n{"update": 3, "se'
        )
    answer = cli("resume", "run", "--updates", "5")
    assert answer.status == 0, answer.err
    assert [row["update"] for row in RunDirectory.open(Path("run")).metrics.rows()] == [
        1,
        2,
        3,
        4,
        5,
    ]
