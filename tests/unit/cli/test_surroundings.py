"""Whatever the environment of the process: an answer, or one line that says what is wrong."""

import os
import pwd
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from engrax.cli.main import main
from engrax.cli.programs import keep_programs
from engrax.cli.surroundings import prepare

from unit.runs.fake_runs import FakeCli

ROOT = Path(__file__).parents[3]
ENGRAX = [sys.executable, "-m", "engrax"]


def engrax(*words: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, **variables}
    return subprocess.run(
        [*ENGRAX, *words], env=environment, capture_output=True, text=True, check=False
    )


def test_a_command_needs_no_window_system():
    asked = {"MPLBACKEND": "module://matplotlib_inline.backend_inline"}
    within_a_program = dict(asked)
    prepare(asked, own_process=True)
    prepare(within_a_program, own_process=False)
    assert "MPLBACKEND" not in asked
    assert within_a_program["MPLBACKEND"].startswith("module://")


@pytest.mark.slow
def test_a_replay_is_drawn_whatever_window_system_is_asked_for(tmp_path: Path):
    words = ("replay", str(ROOT / "results" / "hcam-ballet-demo"), "--out", str(tmp_path / "a.png"))
    answer = engrax(*words, MPLBACKEND="module://there_is_no_such.backend")
    assert answer.returncode == 0, answer.stderr


def test_a_user_without_a_home_keeps_no_programs(monkeypatch: pytest.MonkeyPatch):
    def getpwuid(uid: int) -> None:
        raise KeyError(f"getpwuid(): uid not found: {uid}")

    for name in ("HOME", "XDG_CACHE_HOME", "JAX_COMPILATION_CACHE_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(pwd, "getpwuid", getpwuid)
    environment: dict[str, str] = {}
    keep_programs(environment)
    assert environment == {}
    assert main(["list"]) == 0


def test_a_stream_that_is_ascii():
    answer = engrax("show", "ünï/r", PYTHONIOENCODING="ascii")
    assert answer.returncode == 2
    assert answer.stderr.startswith("engrax: \\xfcn\\xef/r is not a run directory")


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"JAX_PLATFORMS": "tpu"}, "engrax: JAX cannot start with JAX_PLATFORMS='tpu': "),
        ({"JAX_ENABLE_X64": "maybe"}, "engrax: JAX cannot be imported: invalid truth value"),
    ],
)
def test_a_device_that_is_not_there_is_said_in_one_line(
    tmp_path: Path, variables: dict[str, str], message: str
):
    answer = engrax("train", "debug", "--out", str(tmp_path / "run"), **variables)
    assert (answer.returncode, answer.stdout) == (2, "")
    assert answer.stderr.splitlines()[-1].startswith(message)
    assert "Traceback" not in answer.stderr
    assert not (tmp_path / "run").exists()


def test_a_command_in_a_thread(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
):
    cli = FakeCli(monkeypatch, capsys)
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(cli, "train", "debug", "--out", str(tmp_path / "run")).result()
    assert answer.status == 0, answer.err


@pytest.mark.slow
def test_output_that_nobody_reads_any_more_saves_like_ctrl_c(tmp_path: Path):
    run, words = tmp_path / "run", ["train", "debug", "--updates", "1000000"]
    with subprocess.Popen(
        [*ENGRAX, *words, "--out", str(run)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.wait(timeout=120) == 130
    assert list((run / "checkpoints").glob("update-*.safetensors"))


HANGS_UP = (
    sys.executable,
    "-c",
    "import os, signal, sys; signal.signal(signal.SIGHUP, signal.SIG_DFL); "
    "os.execv(sys.argv[1], sys.argv[1:])",
)
"""Starts a command for which SIGHUP is not ignored, also where these tests run under `nohup`."""


@pytest.mark.slow
def test_a_terminal_that_closes_saves_like_ctrl_c(tmp_path: Path):
    run, words = tmp_path / "run", ["train", "debug", "--updates", "1000000"]
    with subprocess.Popen(
        [*HANGS_UP, *ENGRAX, *words, "--out", str(run)], stderr=subprocess.PIPE, text=True
    ) as process:
        while process.poll() is None and not (run / "metrics.jsonl").exists():
            time.sleep(0.05)
        process.send_signal(signal.SIGHUP)
        _, err = process.communicate(timeout=120)
    assert process.returncode == 130, err
    assert f"all is saved; go on: engrax resume {run}" in err
