"""Run directories: made once, cut back on resume, and never worse for what happened to them."""

import json
import multiprocessing
from dataclasses import dataclass
from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import pytest

from engrax.errors import ConfigError, RunError
from engrax.runs import checkpoint
from engrax.runs.checkpoint import CheckpointError, load, state_sha256
from engrax.runs.directory import RunDirectory, counters
from engrax.runs.naming import new_path


@dataclass(frozen=True)
class Experiment:
    updates: int = 10
    rate: float = 0.1


class Learner(eqx.Module):
    agent: eqx.nn.Linear
    updates: jax.Array


class State(eqx.Module):
    learner: Learner


def state_at(update: int) -> State:
    agent = eqx.nn.Linear(2, 3, key=jax.random.key(update))
    return State(Learner(agent, jnp.int32(update)))


def create(path: Path) -> RunDirectory:
    return RunDirectory.create(
        path, Experiment(), preset="debug", command=["engrax", "train", "debug"]
    )


def save(directory: RunDirectory, update: int) -> Path:
    return directory.save(state_at(update), 100 * update)


def names(directory: RunDirectory) -> list[str]:
    return [path.name[-14:-12] for path in directory.checkpoints()]


def fail(message: str) -> None:
    raise AssertionError(message)


@pytest.fixture
def directory(tmp_path: Path) -> RunDirectory:
    return create(tmp_path / "runs" / "mine")


def test_the_config_says_what_ran(directory: RunDirectory):
    config = RunDirectory.open(directory.path).config
    assert config["experiment"] == {"updates": 10, "rate": 0.1}
    assert config["preset"] == "debug"
    assert config["command"] == ["engrax", "train", "debug"]
    assert set(config["versions"]) == {"engrax", "python", "jax", "equinox", "optax"}


def test_a_second_run_does_not_overwrite_the_first(directory: RunDirectory):
    with pytest.raises(
        RunError, match=r"holds a run already; go on with it by `engrax resume .*mine`, or give"
    ):
        create(directory.path)


def test_a_directory_of_something_else_is_left_alone(tmp_path: Path):
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(RunError, match="is not empty"):
        create(tmp_path)
    with pytest.raises(RunError, match=r"thesis\.tex is a file"):
        create(tmp_path / "thesis.tex")


def test_a_run_that_was_killed_while_being_made_is_made_anew(tmp_path: Path):
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "config.json.tmp").touch()
    create(tmp_path)


def test_default_paths_never_meet(tmp_path: Path):
    paths = [new_path("debug", tmp_path) for _ in range(3)]
    assert len(set(paths)) == 3
    assert all(path.name.startswith("debug-2") for path in paths)
    create(paths[0])


@pytest.mark.parametrize(
    ("make", "what"), [("none", "does not exist"), ("file", "not a directory"), ("dir", "no conf")]
)
def test_what_is_no_run_directory_is_named(tmp_path: Path, make: str, what: str):
    path = tmp_path / "x"
    if make == "file":
        path.touch()
    elif make == "dir":
        path.mkdir()
    with pytest.raises(RunError, match=f"is not a run directory: it .*{what}"):
        RunDirectory.open(path)


@pytest.mark.parametrize("text", ["", "[]", "{", '{"a": 1}', "\udcff"])
def test_a_config_that_is_none_is_refused(directory: RunDirectory, text: str):
    (directory.path / "config.json").write_text(text, errors="surrogateescape")
    with pytest.raises((ConfigError, RunError), match=r"config\.json"):
        RunDirectory.open(directory.path)


def test_the_newest_two_checkpoints_are_kept(directory: RunDirectory):
    for update in (1, 2, 3, 10):
        save(directory, update)
    assert names(directory) == ["10", "03"]
    for path in (directory.weights, directory.checkpoints()[0]):
        assert counters(load(path), path) == (10, 1000)


def test_a_state_comes_back(directory: RunDirectory):
    save(directory, 4)
    back = directory.resume(state_at(0), fail)
    assert back is not None
    assert state_sha256(back) == state_sha256(state_at(4))


def test_without_a_checkpoint_a_run_starts_from_its_config(directory: RunDirectory):
    directory.metrics.append({"update": 1})
    assert directory.resume(state_at(0), fail) is None
    assert directory.metrics.rows() == []


def test_a_damaged_checkpoint_falls_back_to_the_one_before(directory: RunDirectory):
    save(directory, 1)
    damaged = save(directory, 2)
    damaged.write_bytes(damaged.read_bytes()[:-1])
    said: list[str] = []
    back = directory.resume(state_at(0), said.append)
    assert back is not None
    assert int(back.learner.updates) == 1
    assert len(said) == 1
    assert str(damaged) in said[0]
    # Nothing of the damaged one may come back later.
    save(directory, 1)
    assert names(directory) == ["01"]


def test_when_all_checkpoints_are_damaged_nothing_is_thrown_away(directory: RunDirectory):
    path = save(directory, 1)
    path.write_bytes(b"")
    directory.metrics.append({"update": 1})
    with pytest.raises(CheckpointError, match=r"every checkpoint in .* is damaged"):
        directory.resume(state_at(0), lambda _: None)
    assert directory.metrics.rows() == [{"update": 1}]


def test_a_checkpoint_of_another_form_is_no_reason_to_fall_back(directory: RunDirectory):
    save(directory, 1)
    template = eqx.tree_at(
        lambda state: state.learner.agent, state_at(0), eqx.nn.Linear(2, 4, key=jax.random.key(0))
    )
    with pytest.raises(
        CheckpointError, match=r"agent\.weight is float32\[3, 2\], expected float32\[4, 2\]"
    ):
        directory.resume(template, fail)


def test_metrics_are_cut_back_to_the_checkpoint(directory: RunDirectory):
    for update in (1, 2, 3):
        directory.metrics.append({"update": update, "loss": float("nan")})
        if update == 2:
            save(directory, 2)
    with directory.metrics.path.open("a") as file:
        file.write('{"update": 4, "lo')
    assert [row["update"] for row in directory.metrics.rows()] == [1, 2, 3]
    directory.resume(state_at(0), fail)
    directory.metrics.append({"update": 3})
    lines = directory.metrics.path.read_text().splitlines()
    assert [json.loads(line) for line in lines] == [
        {"update": 1, "loss": None},
        {"update": 2, "loss": None},
        {"update": 3},
    ]


def test_a_published_result_is_opened_but_not_resumed(directory: RunDirectory):
    path = save(directory, 3)
    path.unlink()
    published = RunDirectory.open(directory.path)
    assert published.published
    with pytest.raises(
        RunError, match="has weights but no checkpoints to go on from; `engrax evaluate` can"
    ):
        published.resume(state_at(0), fail)


def test_a_file_that_does_not_say_how_far_it_is(directory: RunDirectory):
    checkpoint.save(directory.weights, {})
    with pytest.raises(CheckpointError, match="does not say"):
        counters(load(directory.weights), directory.weights)


def test_the_target_is_written_down(directory: RunDirectory):
    directory.set_target(99)
    assert RunDirectory.open(directory.path).config["experiment"]["updates"] == 99


def _try_to_hold(path: Path, answer: "multiprocessing.Queue[str]") -> None:
    try:
        with RunDirectory.open(path).exclusive():
            answer.put("held")
    except RunError as error:
        answer.put(str(error))


def test_a_second_process_is_refused(directory: RunDirectory):
    context = multiprocessing.get_context("spawn")
    answer = context.Queue()
    with directory.exclusive():
        process = context.Process(target=_try_to_hold, args=(directory.path, answer))
        process.start()
        assert "in use by another process" in answer.get(timeout=60)
        process.join()
    with directory.exclusive():
        pass
