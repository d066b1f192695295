"""One run by processes that Ray starts: the numbers of one process, also where one is killed."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from engrax.cli.main import main
from engrax.errors import UserError
from engrax.experiments.codec import encode
from engrax.experiments.presets import PRESETS
from engrax.runs import ray_hosts
from engrax.runs.cluster import Cluster
from engrax.runs.directory import RunDirectory
from engrax.runs.hosts import Hosts
from engrax.runs.metrics import MetricsLog
from engrax.runs.nodes import this_process
from engrax.runs.ray_hosts import Part, Result, Training, train_part, worst

from unit.runs.ray_processes import ray_processes, rows_after

TRAIN = ["train", "debug", "--streams", "4", "--checkpoint_every", "10"]


def engrax(*words: str, devices: int) -> subprocess.Popen[str]:
    environment = {**os.environ, "JAX_NUM_CPU_DEVICES": str(devices)}
    command = [sys.executable, "-m", "engrax", *words]
    return subprocess.Popen(command, env=environment, text=True, stderr=subprocess.PIPE)


@pytest.mark.slow
def test_processes_of_ray_are_devices_also_where_one_is_killed(tmp_path, capsys):
    """Bit for bit. Ctrl-C then stops both."""
    out, alone = tmp_path / "run", tmp_path / "alone"
    log = MetricsLog(out / "metrics.jsonl")
    where = ["--coordinator", "ray", "--hosts", "2", "--retries", "1", "--out", str(out)]
    run = engrax(*TRAIN, "--updates", "1000000", *where, devices=1)
    try:
        rows_after(log, 23)
        first, second = ray_processes("train_part")
        os.kill(second, signal.SIGKILL)
        while {first, second} & set(ray_processes("train_part")):
            time.sleep(0.1)
        rows_after(log, len(log.rows()) + 20)
        run.send_signal(signal.SIGINT)
        said = run.communicate(timeout=200)[1]
    finally:
        run.kill()
    assert run.returncode == 130, said
    assert "going on (tries left: 1)" in said
    assert "all is saved" in said
    assert "Traceback" not in said
    made = len(log.rows())
    assert [row["update"] for row in log.rows()] == list(range(1, made + 1))
    one = engrax(*TRAIN, "--updates", str(made), "--out", str(alone), devices=2)
    said = one.communicate(timeout=200)[1]
    assert one.returncode == 0, said
    assert digest(out, capsys) == digest(alone, capsys)


def digest(out: Path, capsys) -> str:
    capsys.readouterr()
    assert main(["show", str(out), "--json"]) == 0
    return json.loads(capsys.readouterr().out)["state_sha256"]


def test_what_matters_of_how_processes_ended():
    done, stopped = Result("done", "a note"), Result("stopped")
    broken, wrong = Result("broken", "gone"), Result("wrong", "why")
    assert worst([done, done]) is done
    assert worst([done, stopped]) is stopped
    assert worst([done, broken]) is broken
    assert worst([broken, stopped]) is stopped  # a stop that was asked for is never tried again
    assert worst([broken, wrong, Result("wrong", "the first says why")]) is wrong


def test_a_process_says_what_is_wrong(tmp_path):
    part = Part(
        Training(tmp_path / "no" / "run"), Hosts("here:80", 1, 0), this_process(), Cluster()
    )
    assert "--out must be where all nodes see it" in train_part(part).note
    older = part._replace(origin=this_process()._replace(version="0.0.1"))
    assert train_part(older).ended == "wrong"
    assert "not 0.0.1" in train_part(older).note


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--coordinator", "ray"], "--coordinator ray needs --hosts N"),
        (["--coordinator", "ray", "--hosts", "2", "--host", "0"], "leave out --host"),
        (["--coordinator", "here:80", "--hosts", "2", "--cpus", "2"], "--coordinator ray"),
        (["--gpus", "1"], "--coordinator ray"),
        (
            ["--coordinator", "ray", "--hosts", "2", "--ray-address", "127.0.0.1:1"],
            "no Ray cluster answers",
        ),
    ],
)
@pytest.mark.parametrize("command", ["train", "resume"])
def test_the_command_says_what_cannot_be(command, words, message, tmp_path, capsys):
    out = tmp_path / "run"
    if command == "resume":
        RunDirectory.create(out, PRESETS["debug"], preset="debug", command=[])
        words = ["resume", str(out), *words]
    else:
        words = ["train", "debug", "--out", str(out), *words]
    assert main(words) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("interrupted", [False, True])
def test_the_command_trains_on_the_cluster_that_it_is_told(
    interrupted, tmp_path, monkeypatch, capsys
):
    """What reaches the cluster, and what is said of how it ended; nothing is started."""
    asked = []

    def trained(training, count, cluster, progress, warn):
        asked.append((training, count, cluster))
        if training.experiment is not None:
            RunDirectory.create(training.out, PRESETS["debug"], preset="debug", command=[])
        return interrupted

    monkeypatch.setattr(ray_hosts, "train_on_ray", trained)
    out = tmp_path / "run"
    words = ["--coordinator", "ray", "--hosts", "3", "--cpus", "2", "--gpus", "0.5"]
    status = 130 if interrupted else 0
    assert main(["train", "debug", "--seed", "7", "--out", str(out), *words]) == status
    assert main(["resume", str(out), "--updates", "9", "--retries", "4", *words]) == status
    (new, count, cluster), (further, _, again) = asked
    assert (new.out, new.preset, count) == (out, "debug", 3)
    assert new.experiment["seed"] == encode(PRESETS["debug"])["seed"] + 7
    assert cluster == Cluster(None, 2, 0.5, 0)
    assert (further.experiment, further.updates, again.retries) == (None, 9, 4)
    said = capsys.readouterr().err
    assert ("all is saved" if interrupted else "trained ") in said


def test_a_stop_before_there_is_a_run_is_a_stop(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(ray_hosts, "train_on_ray", lambda *_: True)
    words = ["--coordinator", "ray", "--hosts", "2", "--out", str(tmp_path / "run")]
    assert main(["train", "debug", *words]) == 130
    assert "nothing was saved" in capsys.readouterr().err


def test_what_broke_off_is_tried_again(tmp_path, monkeypatch):
    """From the checkpoint once there is a run; an error that a user can correct is not."""
    given, warned = [], []
    ends = [Result("broken", "gone"), Result("broken", "gone"), Result("done")]

    def tried(ray, training, count, cluster, progress, warn):
        given.append(training)
        if len(given) == 2:
            RunDirectory.create(training.out, PRESETS["debug"], preset="debug", command=[])
        return ends[len(given) - 1]

    monkeypatch.setattr(ray_hosts, "_tried", tried)
    monkeypatch.setattr(ray_hosts, "connected", Connected)
    monkeypatch.setattr(ray_hosts, "check_room", lambda *_: None)
    monkeypatch.chdir(tmp_path)
    new = Training(Path("run"), encode(PRESETS["debug"]), "debug", source=Path("before"))
    cluster = Cluster(retries=2)
    assert not ray_hosts.train_on_ray(new, 2, cluster, print, warned.append)
    assert [one.experiment is None for one in given] == [False, False, True]
    assert {one.out for one in given} == {tmp_path / "run"}
    assert given[0].source == tmp_path / "before"
    assert warned == ["gone; going on (tries left: 2)", "gone; going on (tries left: 1)"]
    ends[:], given[:] = [Result("wrong", "why")], []
    with pytest.raises(UserError, match="why"):
        ray_hosts.train_on_ray(new, 2, cluster, print, warned.append)


class Connected:
    def __init__(self, *_: object): ...

    def __enter__(self): ...

    def __exit__(self, *_: object): ...
