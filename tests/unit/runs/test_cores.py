"""Cores that processes keep to: no two have one in common, and the dead have none."""

import os
import subprocess
import sys
import tempfile

import pytest

from engrax.runs.cores import claimed


@pytest.fixture(autouse=True)
def claims_of_its_own(tmp_path, monkeypatch):
    """Runs of other tests beside this one claim cores too."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


needs_affinity = pytest.mark.skipif(
    not hasattr(os, "sched_setaffinity"), reason="this system does not keep processes to cores"
)
HOLD = """
import os, sys, time
from engrax.runs.cores import claimed
with claimed(1) as cores:
    assert set(cores) == (os.sched_getaffinity(0) if cores else set()), cores
    print(*cores, flush=True)
    time.sleep(600)
"""


@needs_affinity
def test_processes_keep_to_cores_of_their_own():
    free = os.sched_getaffinity(0)
    holders = [
        subprocess.Popen([sys.executable, "-c", HOLD], stdout=subprocess.PIPE, text=True)
        for _ in free
    ]
    try:
        held = [int(holder.stdout.readline()) for holder in holders]
        assert sorted(held) == sorted(free)
        with claimed(1) as cores:
            assert cores == ()
            assert os.sched_getaffinity(0) == free
        holders[0].kill()
        holders[0].wait()
        with claimed(1) as cores:
            assert cores == (held[0],)
            assert os.sched_getaffinity(0) == {held[0]}
        assert os.sched_getaffinity(0) == free
    finally:
        for holder in holders:
            holder.kill()
            holder.wait()
            holder.stdout.close()


@needs_affinity
def test_more_cores_than_there_are_change_nothing():
    free = os.sched_getaffinity(0)
    with claimed(len(free) + 1) as cores:
        assert (cores, os.sched_getaffinity(0)) == ((), free)
    with claimed(len(free)) as cores:
        assert set(cores) == free
