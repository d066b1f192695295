"""Tasks on a Ray cluster: what they may use, how they are tried again, and how they are stopped."""

import os
import signal
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engrax.errors import ConfigError, UserError
from engrax.runs import cluster
from engrax.runs.cluster import Cluster, connected, run_tasks
from engrax.runs.interrupts import interruptible

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def ray():
    with connected(None) as ray:
        yield ray


def nothing(names):
    pass


def results(ray, function, given, **asked):
    asked = Cluster(**asked)
    return {task.name: task for task in run_tasks(ray, function, given, asked, nothing)}


def mind(path):
    """Dies as often as the file says it is to; returns its process."""
    path = Path(path)
    lives = int(path.read_text())
    path.write_text(str(lives - 1))
    if lives > 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return os.getpid()


def test_a_task_whose_process_dies_is_given_to_another(ray, tmp_path):
    paths = {}
    for name, lives in (("once", 1), ("never", 0), ("always", 100)):
        paths[name] = str(tmp_path / name)
        Path(paths[name]).write_text(str(lives))
    ended = results(ray, mind, paths, retries=1)
    assert (tmp_path / "always").read_text() == "98"
    assert ended["always"].result is None
    assert "worker died" in ended["always"].died
    assert "\n" not in ended["always"].died
    pids = {ended["once"].result, ended["never"].result}
    assert len(pids | {None}) == 3


def refuse(message):
    raise UserError(message)


def test_an_error_of_a_task_is_raised_as_it_is(ray):
    with pytest.raises(UserError, match=r"^no such thing$"):
        results(ray, refuse, {"one": "no such thing"})


def wait(path):
    """Waits for a request to stop, and says that it came."""
    with interruptible() as stopping:
        Path(path).touch()
        while not stopping():
            time.sleep(0.01)
    return "saved"


def test_a_request_to_stop_reaches_the_tasks(ray, tmp_path):
    cpus = int(ray.cluster_resources()["CPU"])
    paths = {str(number): str(tmp_path / str(number)) for number in range(cpus + 1)}
    begun = []

    def look(names):
        begun.append(len(list(tmp_path.iterdir())))
        if begun[-1] == cpus:
            signal.raise_signal(signal.SIGINT)

    ended = list(run_tasks(ray, wait, paths, Cluster(), look))
    assert {task.result for task in ended} == {"saved"}
    assert len(ended) == cpus
    assert not (tmp_path / str(cpus)).exists()


@pytest.mark.parametrize("asked", [{"cpus": 1000}, {"gpus": 1.0}])
def test_what_no_node_has_is_named(ray, asked):
    with pytest.raises(UserError, match="and the cluster has room for 0"):
        results(ray, mind, {"one": ""}, **asked)


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("nonsense", "'nonsense': expected HOST:PORT"),
        ("host:0", "'host:0': expected HOST:PORT"),
        ("127.0.0.1:1", "no Ray cluster answers at '127.0.0.1:1'"),
        ("no.such.host.invalid:6379", "no Ray cluster answers at 'no.such.host.invalid:6379'"),
    ],
)
def test_an_address_that_is_none_is_named_at_once(address, message):
    begun = time.monotonic()
    with pytest.raises(UserError, match=message), connected(address):
        pass
    assert time.monotonic() - begun < 30.0


hosts = st.text() | st.sampled_from(["..", "a" * 300, "\ud800", "a\0b", "::1", " ", "*"])


@given(st.text() | st.tuples(hosts, st.integers().map(str) | st.text()).map(":".join))
def test_any_address_is_refused_in_one_line(address):
    """Where nothing answers; names are looked up as far as that needs no network."""

    def call(place, timeout):
        place[0].encode("idna")
        raise ConnectionRefusedError("refused")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cluster.socket, "create_connection", call)
        if address in ("", "auto", "local") or "://" in address:
            return
        with pytest.raises(UserError) as error:
            cluster.check_reachable(address)
    assert str(error.value).isprintable()


def test_without_its_package_the_extra_is_named(monkeypatch):
    monkeypatch.setattr(cluster, "find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r'pip install "engrax\[ray\]"'), connected(None):
        pass
