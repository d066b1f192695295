"""`engrax watch`: a table of all runs, once or until Ctrl-C, or a line of JSON each."""

import json
import os
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engrax.cli.commands import watch
from engrax.experiments.presets import PRESETS
from engrax.runs.directory import RunDirectory
from engrax.runs.watching import read_locks

from unit.runs.fake_runs import Answer, FakeCli, state_at

Cli = Callable[..., Answer]
HELD = "training" if read_locks() is not None else "stopped"


def make(name: str, updates: int = 2) -> RunDirectory:
    """A run in the directory one is in."""
    path = Path(name)
    directory = RunDirectory.create(path, PRESETS["debug"], preset="debug", command=[])
    for update in range(1, updates + 1):
        times = {"seconds": 0.5 * update, "environment_steps": 64 * update}
        scores = {"return": float(update), "success": None}
        directory.metrics.append({"update": update, **times, **scores})
    directory.save(state_at(updates), 64 * updates)
    return directory


def idle(directory: RunDirectory, seconds: float = 1e5) -> None:
    then = time.time() - seconds
    for path in (directory.path, *directory.path.rglob("*")):
        os.utime(path, (then, then))


def listed(answer: Answer) -> dict[str, Any]:
    assert answer.status == 0
    return {(entry := json.loads(line))["run"]: entry for line in answer.out.splitlines()}


def use_terminal(monkeypatch: pytest.MonkeyPatch, columns: int = 80) -> None:
    """Has stdout be a terminal."""
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    for name, value in (("TERM", "xterm"), ("COLUMNS", str(columns)), ("LINES", "40")):
        monkeypatch.setenv(name, value)


def test_a_trained_run_is_a_line_of_the_table(
    engrax_cli: Cli, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    assert FakeCli(monkeypatch, capsys)("train", "debug", "--out", "runs/a").status == 0
    with make("runs/b").exclusive():
        answer = engrax_cli("watch")
    head, names, *lines = answer.out.splitlines()
    assert (answer.status, answer.err) == (0, "")
    assert {"1 finished", f"1 {HELD}"} <= set(head.split("; ")[0].split(", "))
    assert " ".join(names.split()) == "run updates steps steps/s return success saved state"
    (a,) = (line.split() for line in lines if line.startswith("runs/a "))
    (b,) = (line.split() for line in lines if line.startswith("runs/b "))
    assert a == ["runs/a", "4/4", "40", "-", "-", "-", a[6], "s", "finished"]
    assert b[:4] == ["runs/b", "2/4", "128", "128" if HELD == "training" else "-"]
    assert (b[4:6], b[-1]) == (["1.5", "-"], HELD)


def test_json_is_a_line_for_each_run(engrax_cli: Cli):
    directory = make("runs/a")
    idle(directory, 100.0)
    entry = listed(engrax_cli("watch", "--json"))["runs/a"]
    assert 100.0 <= entry.pop("checkpoint_age") < 160.0
    assert 100.0 <= entry.pop("update_age") < 160.0
    assert entry == {
        "run": "runs/a",
        "state": "stopped",
        "updates": 2,
        "target_updates": 4,
        "environment_steps": 128,
        "steps_per_second": None,
        "return": 1.5,
        "success": None,
        "process": None,
        "reason": None,
    }


@pytest.mark.skipif(read_locks() is None, reason="the system does not list its locks")
def test_what_stands_still_comes_first_and_since_when(
    engrax_cli: Cli, monkeypatch: pytest.MonkeyPatch
):
    make("runs/a")
    directory = make("runs/b")
    idle(directory, 720.0)
    monkeypatch.setattr("engrax.runs.watching._started", lambda process: 0.0)
    with directory.exclusive():
        _, note, _, first, _ = engrax_cli("watch", "--once").out.splitlines()
    since = time.strftime("%H:%M", time.localtime(directory.metrics.path.stat().st_mtime))
    assert note == f"runs/b stands still since {since}, for 12 min (process {os.getpid()})"
    assert first.split()[0] == "runs/b"


def test_runs_of_another_day_are_left_out_and_counted(engrax_cli: Cli):
    for name in ("old", "stuck", "broken"):
        idle(make(f"runs/{name}"))
    make("runs/a")
    directory = RunDirectory.open("runs/stuck")
    with directory.exclusive():
        assert {"runs/a", "runs/stuck"} >= set(listed(engrax_cli("watch", "--json")))
    answer = engrax_cli("watch")
    assert "3 idle for a day: --all shows them" in answer.out
    assert "runs/old" not in answer.out
    assert set(listed(engrax_cli("watch", "--all", "--json"))) == {
        "runs/a",
        "runs/old",
        "runs/stuck",
        "runs/broken",
    }


def test_runs_are_found_in_folders_in_comparisons_and_where_one_points(engrax_cli: Cli):
    for name in ("runs/a", "runs/ballet/hcam-0", "runs/ballet/x/too-deep", "elsewhere"):
        make(name)
    Path("runs/notes.txt").write_text("mine")
    Path("runs/loop").symlink_to("..")
    for words in (["runs"], ["runs", "runs/a", "runs/ballet/../a"]):
        found = listed(engrax_cli("watch", "--json", *words))
        assert set(found) == {"runs/a", "runs/ballet/hcam-0", "runs/loop/elsewhere"}
    assert set(listed(engrax_cli("watch", "--json", "elsewhere"))) == {"elsewhere"}


def test_a_damaged_run_is_listed_beside_the_others(engrax_cli: Cli):
    make("runs/a")
    for name in ("foreign", "\x1b[31m"):
        Path("runs", name).mkdir()
        Path("runs", name, "config.json").write_text('{"model": 1}')
    answer = engrax_cli("watch")
    assert answer.status == 0
    lines = answer.out.splitlines()
    note, line = (line for line in lines if line.startswith("runs/foreign "))
    assert "is unreadable: runs/foreign/config.json holds no experiment" in note
    assert line.split()[1:] == [*"------", "unreadable"]
    assert "\x1b" not in answer.out
    assert "runs/a " in answer.out
    assert listed(engrax_cli("watch", "--json"))["runs/foreign"]["reason"].isprintable()


def test_where_nothing_is_found_it_is_said_how_to_start(engrax_cli: Cli):
    Path("runs").mkdir()
    line = "no run here; `engrax train debug --out runs/debug` starts one\n"
    assert engrax_cli("watch") == Answer(0, line, "")
    assert engrax_cli("watch", "--json") == Answer(0, "", line)


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ("watch", "runs does not exist; give a directory that holds runs: `engrax train"),
        ("watch file", "file is not a directory; give"),
        ("watch . nowhere --json", "nowhere does not exist; give"),
        ("watch --onec", "unknown argument '--onec', did you mean --once or --json?"),
    ],
)
def test_what_cannot_be_watched_is_one_line(engrax_cli: Cli, words: str, complaint: str):
    Path("file").write_text("")
    answer = engrax_cli(*words.split())
    assert (answer.status, answer.out) == (2, "")
    assert answer.err.startswith(f"engrax: {complaint}")
    assert answer.err.count("\n") == 1


def test_on_a_terminal_it_goes_on_until_ctrl_c(engrax_cli: Cli, monkeypatch: pytest.MonkeyPatch):
    directory, slept = make("runs/a"), []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 3:
            raise KeyboardInterrupt
        directory.metrics.append({"update": 2 + len(slept)})

    use_terminal(monkeypatch)
    monkeypatch.setattr(watch.time, "sleep", sleep)
    answer = engrax_cli("watch")
    assert (answer.status, answer.err) == (130, "engrax: stopped\n")
    assert slept == [2.0, 2.0, 2.0]
    assert all(f"{update}/4" in answer.out for update in (2, 3, 4))


@pytest.mark.parametrize(("columns", "lines"), [(120, 2), (70, 3), (50, 3)])
def test_on_a_narrow_terminal_names_are_folded_and_then_all_is_a_list(
    engrax_cli: Cli, monkeypatch: pytest.MonkeyPatch, columns: int, lines: int
):
    make(name := "runs/" + "long-name-" * 3)
    use_terminal(monkeypatch, columns)
    shown = re.sub(r"\x1b\[\d*m", "", engrax_cli("watch", "--once").out).splitlines()[1:]
    assert len(shown) == lines
    words = re.split(r"\s+", " ".join(shown))
    assert {"updates", "2/4", "128", "1.5", "stopped"} <= {*words}
    assert ("steps/s" in words) == (columns > 50)
    assert (name in words) == (columns != 70)
    assert max(map(len, shown)) <= columns
