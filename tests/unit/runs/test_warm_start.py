"""A new run starts from what another has learnt."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from engrax.cli.main import main
from engrax.errors import RunError
from engrax.runs import checkpoint
from engrax.runs.checkpoint import CheckpointError
from engrax.runs.directory import RunDirectory
from engrax.runs.warm_start import OPTIMISER, learnt


@dataclass(frozen=True)
class Experiment:
    updates: int = 9


class Learner(NamedTuple):
    """What learns, as small as can be; the agent's `steps` is no parameter."""

    agent: dict[str, Any]
    optimiser: tuple[Any, ...]
    updates: jax.Array


class State(NamedTuple):
    learner: Learner


def state_at(value: float, width: int = 3) -> State:
    agent = {"weight": jnp.full(width, value), "steps": jnp.int32(value), "name": "no array"}
    optimiser = (jnp.int32(value), {"mean": jnp.full(width, 10 * value)})
    return State(Learner(agent, optimiser, jnp.int32(value)))


def fail(message: str) -> None:
    raise AssertionError(message)


@pytest.fixture
def run(tmp_path: Path) -> RunDirectory:
    directory = RunDirectory.create(
        tmp_path / "run", Experiment(), preset="small", command=["engrax"]
    )
    directory.save(state_at(4.0), 400)
    directory.save(state_at(5.0), 500)
    return directory


@pytest.fixture
def published(run: RunDirectory) -> RunDirectory:
    for path in run.checkpoints():
        path.unlink()
    return run


def test_parameters_and_optimiser_come_from_the_newest_checkpoint(run: RunDirectory):
    found = learnt(run, state_at(0.0), fail)
    np.testing.assert_array_equal(found.agent["weight"], np.full(3, 5.0))
    assert (int(found.agent["steps"]), found.agent["name"]) == (0, "no array")
    assert int(found.optimiser[0]) == 5
    np.testing.assert_array_equal(found.optimiser[1]["mean"], np.full(3, 50.0))
    assert {**found.origin, "sha256": None} == {
        "directory": str(run.path), "updates": 5, "environment_steps": 500, "sha256": None
    }  # fmt: skip
    assert found.origin["sha256"] == checkpoint.load(run.weights).state_sha256


def test_a_damaged_checkpoint_is_passed_over(run: RunDirectory):
    run.checkpoints()[0].write_bytes(b"nonsense")
    said: list[str] = []
    assert float(learnt(run, state_at(0.0), said.append).agent["weight"][0]) == 4.0
    assert "trying the checkpoint before it" in said[0]


def test_a_published_result_may_have_its_optimiser_or_not(published: RunDirectory):
    said: list[str] = []
    found = learnt(published, state_at(0.0), said.append)
    assert found.optimiser is None
    assert float(found.agent["weight"][0]) == 5.0
    assert "keeps no optimiser: starting a fresh one" in said[0]
    checkpoint.save(published.path / OPTIMISER, state_at(5.0).learner.optimiser)
    assert int(learnt(published, state_at(0.0), fail).optimiser[0]) == 5


def test_an_optimiser_of_another_form_is_made_anew(published: RunDirectory):
    checkpoint.save(published.path / OPTIMISER, (jnp.int32(5),))
    said: list[str] = []
    assert learnt(published, state_at(0.0), said.append).optimiser is None
    assert "starting a fresh optimiser" in said[0]


def test_parameters_of_another_form_are_refused_with_the_way_out(run: RunDirectory):
    with pytest.raises(
        CheckpointError, match=r"weight is float32\[3\], expected float32\[4\].*config.json"
    ):
        learnt(run, state_at(0.0, width=4), fail)


def test_a_run_that_has_not_saved_has_nothing_to_give(tmp_path: Path):
    directory = RunDirectory.create(
        tmp_path / "new", Experiment(), preset="small", command=["engrax"]
    )
    with pytest.raises(RunError, match="has learnt nothing yet"):
        learnt(directory, state_at(0.0), fail)


TRAIN = ("train", "debug", "--memory", "lstm", "--memory.width", "8", "--updates", "2", "--json")


@pytest.mark.slow
def test_train_from_a_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    first, second = str(tmp_path / "first"), str(tmp_path / "second")

    def engrax(*words: str) -> tuple[dict[str, Any], str]:
        assert main(words) == 0
        said = capsys.readouterr()
        return json.loads(said.out), said.err

    engrax(*TRAIN, "--out", first)
    shown, said = engrax(*TRAIN, "--from", first, "--out", second, "--seed", "1")
    assert f"starting from {first} after 2 updates" in said
    assert shown["updates"] == 2
    origin = RunDirectory.open(Path(second)).origin
    assert origin is not None
    assert origin["updates"] == 2
    # Two updates at a small learning rate do not go far: it is the first run's parameters that
    # moved.
    weights = [checkpoint.load(Path(run) / "weights.safetensors").arrays for run in (first, second)]
    assert all(np.abs(weights[0][name] - weights[1][name]).max() < 0.02 for name in weights[0])
    # Adam counts on: two updates of two minibatches each in either run.
    newest = RunDirectory.open(Path(second)).checkpoints()[0]
    counts = [
        int(array)
        for name, array in checkpoint.load(newest).arrays.items()
        if re.fullmatch(r"learner.optimiser.*count", name)
    ]
    assert counts == [8]


@pytest.mark.slow
def test_a_run_stopped_before_it_took_over_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    path = tmp_path / "run"
    assert main([*TRAIN, "--out", str(path)]) == 0
    config = json.loads((path / "config.json").read_text())
    (path / "config.json").write_text(
        json.dumps({**config, "started_from": {"directory": "runs/earlier"}})
    )
    for file in (*path.glob("checkpoints/*"), path / "weights.safetensors"):
        file.unlink()
    assert main(["resume", str(path)]) == 2
    assert (
        "was stopped before it had taken over what runs/earlier had learnt"
        in capsys.readouterr().err
    )
