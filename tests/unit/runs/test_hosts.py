"""Several processes that train one run: the same numbers as one, also where one is killed."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from engrax.cli.main import main
from engrax.errors import UserError
from engrax.runs import hosts
from engrax.runs.hosts import Hosts, check_hosts
from engrax.runs.metrics import MetricsLog

from unit.runs.ray_processes import rows_after

TRAIN = ["train", "debug", "--streams", "4", "--checkpoint_every", "10"]
UPDATES = 60


def begun(words, devices: int, out: Path) -> subprocess.Popen[str]:
    environment = {**os.environ, "JAX_NUM_CPU_DEVICES": str(devices)}
    return subprocess.Popen(
        [sys.executable, "-m", "engrax", *words], env=environment, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip


def two(words, out: Path, port: int) -> list[subprocess.Popen[str]]:
    """The processes of a run with two."""
    where = ["--coordinator", f"127.0.0.1:{port}", "--hosts", "2", "--host"]
    return [begun([*words, *where, str(index)], 1, out) for index in range(2)]


def ended(processes) -> list[tuple[int, str]]:
    return [
        (process.returncode, text)
        for process in processes
        for text in [process.communicate(timeout=300)[0]]
    ]


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def digest(out: Path, capsys) -> str:
    capsys.readouterr()
    assert main(["show", str(out), "--json"]) == 0
    return json.loads(capsys.readouterr().out)["state_sha256"]


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """A run of one process with two devices."""
    out = tmp_path_factory.mktemp("hosts") / "alone"
    words = [*TRAIN, "--updates", str(UPDATES), "--out", str(out)]
    assert ended([begun(words, 2, out)])[0][0] == 0
    return out


@pytest.mark.slow
def test_two_processes_are_two_devices_also_where_one_is_killed(alone, tmp_path, capsys):
    """Bit for bit. Each process is watched by another, which goes on from the newest checkpoint."""
    out = tmp_path / "run"
    words = [*TRAIN, "--updates", str(UPDATES), "--out", str(out), "--retries", "2"]
    watching = two(words, out, free_port())
    log = MetricsLog(out / "metrics.jsonl")
    rows_after(log, 23)
    os.kill(child_of(watching[1].pid), signal.SIGKILL)
    (first, said), (second, other) = ended(watching)
    assert (first, second) == (0, 0), said + other
    assert "its process ended with status -9; going on (tries left: 2)" in other
    assert "resuming from update" in said
    assert "resuming from update" not in other
    assert "Traceback" not in said + other
    assert [row["update"] for row in log.rows()] == list(range(1, UPDATES + 1))
    assert digest(out, capsys) == digest(alone, capsys)


def child_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])


@pytest.mark.slow
def test_ctrl_c_in_one_process_saves_and_ends_all_and_one_process_goes_on(alone, tmp_path, capsys):
    out = tmp_path / "run"
    processes = two([*TRAIN, "--updates", "1000000", "--out", str(out)], out, free_port())
    log = MetricsLog(out / "metrics.jsonl")
    rows_after(log, 5)
    processes[1].send_signal(signal.SIGINT)
    (first, said), (second, other) = ended(processes)
    assert (first, second) == (130, 130), said + other
    assert "all is saved" in said
    made = len(log.rows())
    if made < UPDATES:
        words = ["resume", str(out), "--updates", str(UPDATES)]
        assert ended([begun(words, 2, out)])[0][0] == 0
        assert digest(out, capsys) == digest(alone, capsys)


@pytest.mark.slow
def test_what_cannot_be_ends_all_processes_in_one_line(alone, tmp_path):
    """A run with another number of devices; a directory that is not empty."""
    three = ["resume", str(alone), "--updates", str(UPDATES + 1)]
    where = ["--coordinator", f"127.0.0.1:{free_port()}", "--hosts", "1", "--host", "0"]
    [(status, said)] = ended([begun([*three, *where], 1, alone)])
    assert status == 2
    assert "placement.devices is 2, and 1 processes have 1 devices" in said
    (tmp_path / "file").write_text("there")
    found = ended(two([*TRAIN, "--updates", "2", "--out", str(tmp_path)], tmp_path, free_port()))
    assert [status for status, _ in found] == [2, 2]
    assert "is not empty" in found[0][1]
    assert "the first process cannot make the run directory: it says why" in found[1][1]
    assert "Traceback" not in found[0][1] + found[1][1]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (Hosts("here", 2, 0), 'expected HOST:PORT or "auto"'),
        (Hosts("here:0", 2, 0), 'expected HOST:PORT or "auto"'),
        (Hosts("here:80"), "needs --hosts N and --host I"),
        (Hosts("here:80", 2, 2), "--host is 2, expected 0 to 1"),
        (Hosts("auto", 2), "leave them out"),
    ],
)
def test_where_to_meet_must_be_said(given, message):
    with pytest.raises(UserError, match=message):
        check_hosts(given)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--hosts", "2"], "--hosts and --host need --coordinator"),
        (["--coordinator", "here:80"], "needs --hosts N and --host I"),
        (["--retries", "2"], "say which by --out"),
    ],
)
def test_the_command_says_what_is_missing(words, message, capsys):
    assert main(["train", "debug", *words]) == 2
    assert message in capsys.readouterr().err


def test_one_process_is_the_first_and_asks_nobody():
    assert not hosts.several()
    assert hosts.is_first()
    assert hosts.any_of_them(True)
    assert not hosts.any_of_them(False)
    with pytest.raises(KeyError), hosts.all_or_none("do it"):
        raise KeyError
