"""`engrax show`: how far a run is, from its newest checkpoint that is whole."""

import json
from typing import Any

from engrax.experiments.codec import encode
from engrax.experiments.presets import PRESETS
from engrax.runs.checkpoint import state_sha256
from engrax.runs.directory import RunDirectory

from unit.runs.fake_runs import state_at


def test_show_says_how_far_a_run_is(engrax_cli: Any, directory: RunDirectory):
    line = engrax_cli("show", str(directory.path), "--json").out
    assert line.count("\n") == 1
    found = json.loads(line)
    assert (found["updates"], found["environment_steps"]) == (3, 30)
    assert found["state_sha256"] == state_sha256(state_at(3))
    assert found["metrics"] == {"update": 3, "environment_steps": 30, "return": None, "loss": 0.5}
    assert found["experiment"] == encode(PRESETS["debug"])
    assert found["state_sha256"] in engrax_cli("show", str(directory.path)).out


def test_show_falls_back_from_a_damaged_checkpoint_and_says_so(
    engrax_cli: Any, directory: RunDirectory
):
    newest = directory.save(state_at(4), 40)
    newest.write_bytes(b"x")
    answer = engrax_cli("show", str(directory.path), "--json")
    assert json.loads(answer.out)["updates"] == 3
    assert "update-000000000004.safetensors is damaged" in answer.err


def test_show_of_a_run_that_has_not_saved_yet_and_of_a_published_result(
    engrax_cli: Any, directory: RunDirectory
):
    directory.checkpoints()[0].unlink()
    published = json.loads(engrax_cli("show", str(directory.path), "--json").out)
    assert (published["updates"], published["state_sha256"]) == (3, None)
    directory.weights.unlink()
    new = json.loads(engrax_cli("show", str(directory.path), "--json").out)
    assert (new["updates"], new["environment_steps"], new["state_sha256"]) == (0, 0, None)
