"""`engrax bench`: what was measured, as JSON."""

import json
from typing import Any

import pytest

from engrax.cli.main import main


@pytest.mark.slow
def test_bench_prints_what_was_measured(capsys: Any):
    settings = ["--memory", "lstm", "--memory.width", "8", "--rounds", "2", "--json"]
    assert main(["bench", "debug", *settings]) == 0
    out = capsys.readouterr().out
    assert out.count("\n") == 1
    result = json.loads(out)
    assert (result["preset"], result["memory"], result["learner"]) == ("debug", "lstm", "ppo")
    shares = [result[f"{part}_share"] for part in ("environment", "acting", "learning")]
    assert sum(shares) == pytest.approx(1.0, abs=1e-3)
    placement = {"devices": 2, "acting_tile": 2, "learning_tile": 1}
    assert result["placement"].items() >= placement.items()
    assert result["placement"]["workers"] is None
    rate = result["steps_per_second"] * result["flops_per_step"]
    utilisation = rate / result["product_flops_per_second"]
    assert result["utilisation"] == pytest.approx(utilisation, abs=1e-3)
