"""`benchmarks/accelerator.py` runs at toy sizes on a CPU, and writes what it found."""

import json
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "accelerator.py"


@pytest.mark.learn  # a minute, for a script that needs an accelerator
def test_a_dry_run(tmp_path):
    path = tmp_path / "found.json"
    subprocess.run([sys.executable, SCRIPT, "--toy", "--json", path], check=True, timeout=600)
    found = json.loads(path.read_text())
    products, speed, dense, together, laws, training = found.values()
    assert set(products["flops_per_second"]) == {"float32", "tensorfloat32", "bfloat16"}
    for one in (speed, dense):
        assert one["steps_per_second"] > 0
        assert one["copies_of_the_memory"]
    assert set(together["steps_per_second"]) == {"1", "4"}
    assert laws["none"] == "kept"
    assert (training["updates"], training["environment_steps"]) == (2, 128)
    assert len(training["levels"]) == 2


@pytest.mark.slow
def test_a_part_that_fails_says_why():
    found = runpy.run_path(str(SCRIPT))["run"]("speed:hcam-balet-levels:4:tf32", True, 60.0)
    assert "did you mean hcam-ballet-levels" in found["failed"]
