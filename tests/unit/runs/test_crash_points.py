"""A process that dies at any of its file operations leaves the state before or the state after,
never damage.
"""

import subprocess
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from engrax.errors import RunError
from engrax.runs.checkpoint import load_weights
from engrax.runs.directory import RunDirectory

from unit.runs import crash_points
from unit.runs.crash_points import state_at


@pytest.fixture(scope="module")
def deaths(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("deaths")
    subprocess.run([sys.executable, crash_points.__file__, str(root)], check=True)
    return root


def of(deaths: Path, scenario: str) -> list[Path]:
    paths = [
        deaths / scenario / f"{step + 1:03d}"
        for step in range(len(list((deaths / scenario).iterdir())))
    ]
    assert len(paths) > 3
    return paths


def resume(path: Path) -> int:
    """The updates of the state that comes back, having checked all of it."""
    template = jax.tree.map(lambda x: jax.ShapeDtypeStruct(x.shape, x.dtype), state_at(0))
    directory = RunDirectory.open(path)
    state = directory.resume(template, pytest.fail)
    assert state is not None
    update = int(state.learner.updates)
    np.testing.assert_array_equal(state.learner.agent, state_at(update).learner.agent)
    assert [row["update"] for row in directory.metrics.rows()] == list(range(1, update + 1))
    return update


def go_on(path: Path, update: int) -> None:
    """The next save leaves what it should, and nothing else."""
    crash_points.advance(RunDirectory.open(path), update)
    names = {str(file.relative_to(path)) for file in path.rglob("*") if file.is_file()}
    kept = {f"checkpoints/update-{kept:012d}.safetensors" for kept in (update, update - 1)}
    assert names == {"config.json", "metrics.jsonl", "weights.safetensors", *kept}
    assert load_weights(path / "weights.safetensors", jnp.zeros(50))[0] == update


@pytest.mark.slow
def test_a_save_is_made_or_not_made(deaths: Path):
    updates = []
    for path in of(deaths, "save"):
        updates.append(resume(path))
        go_on(path, updates[-1] + 1)
    assert set(updates) == {2, 3, 4}
    assert updates == sorted(updates)
    assert len(updates) > 30


def test_a_log_is_cut_back_or_not(deaths: Path):
    lengths = [len(RunDirectory.open(path).metrics.rows()) for path in of(deaths, "trim")]
    assert set(lengths) == {1, 2}
    assert lengths == sorted(lengths, reverse=True)


def test_a_target_is_written_or_not(deaths: Path):
    targets = [
        RunDirectory.open(path).config["experiment"]["updates"] for path in of(deaths, "retarget")
    ]
    assert set(targets) == {4, 99}
    assert targets == sorted(targets)


def test_a_directory_is_made_or_can_be_made_again(deaths: Path):
    made = []
    for path in of(deaths, "create"):
        made.append((path / "config.json").exists())
        if not made[-1]:
            with pytest.raises(RunError, match="is not a run directory"):
                RunDirectory.open(path)
            crash_points.create(path)
        crash_points.advance(RunDirectory.open(path), 1)
    assert set(made) == {True, False}
    assert made == sorted(made)
