"""`benchmarks/actors.py` runs at toy sizes."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "actors.py"


@pytest.mark.learn  # a minute, for a script that needs a quiet machine
def test_a_dry_run(tmp_path):
    path = tmp_path / "found.json"
    subprocess.run([sys.executable, SCRIPT, "--toy", "--json", path], check=True, timeout=600)
    found = json.loads(path.read_text())
    assert list(found) == ["messages", "actor", "learner", "senders", "efficiency"]
    assert found["messages"]["parcel"] > 0
    assert found["senders"]["2 of 0.0 s"]["parcels_per_second"] > 0
    assert found["efficiency"]["actors"]["one"] > 0
