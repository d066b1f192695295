"""`engrax probe`: what a read-out finds, and what it cannot be asked."""

from pathlib import Path
from typing import Any

import pytest

from engrax.cli.main import main


@pytest.mark.slow
def test_the_command_prints_what_it_found_and_what_it_cannot(tmp_path: Path, capsys: Any):
    small = ["--agent.latent", "4", "--agent.width", "8", "--agent.hidden", "8"]
    short = ["--streams", "4", "--updates", "1"]
    run, other = str(tmp_path / "run"), str(tmp_path / "other")
    assert main(["train", "merlin-memory-game-3-pairs", *small, *short, "--out", run]) == 0
    few = ["--streams", "20", "--steps", "10"]
    assert main(["probe", run, *few, "--untrained"]) == 0
    assert "chance 0.333" in capsys.readouterr().out
    assert main(["train", "debug", "--updates", "1", "--out", other]) == 0
    assert main(["probe", other, *few]) == 2
    assert "no question" in capsys.readouterr().err
