"""Trees to files and back: exact, verified, and harmless whatever the file says."""

import json
import pickle
import resource
from collections.abc import Callable
from pathlib import Path
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from engrax.runs.checkpoint import (
    CheckpointError,
    DamagedFileError,
    load,
    load_weights,
    restore,
    save,
    save_weights,
    state_sha256,
)


class Net(eqx.Module):
    weight: jax.Array
    steps: jax.Array
    activation: Callable[..., Any]
    size: int = eqx.field(static=True)


def make(seed: float = 0.0, key: int = 3) -> dict[str, Any]:
    numbers = (jnp.uint8, jnp.int32, jnp.uint32, jnp.float16, jnp.float32, jnp.bfloat16, bool)
    return {
        "net": Net(jnp.arange(6.0).reshape(2, 3) + seed, jnp.int32(7), jax.nn.relu, 3),
        "keys": (jax.random.key(key), jax.random.split(jax.random.key(1, impl="rbg"), 4)),
        "numbers": [jnp.ones((2, 2), dtype) for dtype in numbers],
        "nothing": (None, jnp.zeros((0, 3))),
        "transposed": np.arange(6.0, dtype=np.float32).reshape(2, 3).T,
    }


def same(a: Any, b: Any) -> bool:
    return state_sha256(a) == state_sha256(b) and jax.tree.structure(a) == jax.tree.structure(b)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.safetensors"


def test_a_tree_comes_back_exactly(path: Path):
    tree = make()
    save(path, tree, {"updates": "12"})
    contents = load(path)
    back = restore(contents, make(seed=1.0, key=5), path)
    assert same(back, tree)
    np.testing.assert_array_equal(back["transposed"], tree["transposed"])
    assert back["net"].activation is jax.nn.relu
    assert jax.random.key_impl(back["keys"][1]) == jax.random.key_impl(tree["keys"][1])
    assert contents.words["updates"] == "12"
    assert contents.state_sha256 == state_sha256(tree)


def test_a_template_needs_no_numbers(path: Path):
    save(path, make())
    assert same(restore(load(path), eqx.filter_eval_shape(make), path), make())


def test_what_is_restored_may_be_donated(path: Path):
    save(path, jnp.arange(1000.0))
    restored = restore(load(path), jnp.zeros(1000), path)
    doubled = jax.jit(lambda x: 2 * x, donate_argnums=0)(restored)
    np.testing.assert_array_equal(doubled, 2 * np.arange(1000.0))


@pytest.mark.parametrize(
    "change",
    [
        lambda tree: tree | {"numbers": tree["numbers"][:-1]},
        lambda tree: tree | {"keys": (jax.random.key(4), tree["keys"][1])},
        lambda tree: tree | {"nothing": (None, jnp.zeros((3, 0)))},
        lambda tree: tree | {"transposed": tree["transposed"].astype(np.float64)},
        lambda tree: {name.replace("keys", "kays"): leaf for name, leaf in tree.items()},
        lambda tree: eqx.tree_at(
            lambda tree: tree["net"].weight, tree, replace_fn=lambda x: x.at[1, 2].add(1e-6)
        ),
    ],
)
def test_the_digest_tells_trees_apart(change: Callable[[dict[str, Any]], dict[str, Any]]):
    assert state_sha256(change(make())) != state_sha256(make())


def test_the_digest_does_not_depend_on_what_is_no_array():
    tree = make()
    other = eqx.tree_at(lambda tree: tree["net"].activation, tree, jax.nn.gelu)
    assert state_sha256(other) == state_sha256(tree)


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ({"a": jnp.zeros(3), "b": jnp.zeros(2)}, r"has no b: it is of another agent"),
        ({}, r"has a, which was not expected"),
        ({"a": jnp.zeros(4)}, r"a is float32\[3\], expected float32\[4\]"),
        ({"a": jnp.zeros(3, jnp.int32)}, r"a is float32\[3\], expected int32\[3\]"),
        (
            {"a": jax.random.split(jax.random.key(0), 3)},
            r"a is float32\[3\], expected key<fry>\[3\]",
        ),
    ],
)
def test_the_first_difference_from_the_template_is_named(path: Path, template: Any, message: str):
    save(path, {"a": jnp.zeros(3)})
    with pytest.raises(CheckpointError, match=message):
        restore(load(path), template, path)


def test_names_that_cannot_be_told_apart_are_refused(path: Path):
    with pytest.raises(ValueError, match="same name"):
        save(path, {"a.b": jnp.zeros(1), "a": {"b": jnp.zeros(1)}})


def test_every_damaged_byte_is_found(path: Path):
    save(path, {"a": jnp.arange(3.0), "key": jax.random.key(0)}, {"updates": "3"})
    whole = path.read_bytes()
    for position in range(len(whole)):
        path.write_bytes(whole[:position] + bytes([whole[position] ^ 1]) + whole[position + 1 :])
        with pytest.raises(DamagedFileError, match=r"state\.safetensors is damaged"):
            load(path)


def test_every_truncation_is_found(path: Path):
    save(path, {"a": jnp.arange(3.0)})
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(DamagedFileError):
            load(path)


class Hostile:
    def __reduce__(self) -> tuple[Any, ...]:
        return (print, ("this ran",))


@pytest.mark.parametrize(
    "contents",
    [
        b"",
        b"\xff" * 64,
        (2**63).to_bytes(8, "little") + b"{}",
        (2).to_bytes(8, "little") + b"{}",
        (100_000).to_bytes(8, "little") + b"[" * 100_000,
        pickle.dumps(Hostile()),
    ],
)
def test_strange_files_are_refused(path: Path, contents: bytes, capsys: pytest.CaptureFixture[str]):
    path.write_bytes(contents)
    with pytest.raises(DamagedFileError):
        load(path)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    "words",
    [
        None,
        {"keys": "{}"},
        {"keys": "["},
        {"keys": "3"},
        {"keys": '{"a": "no"}'},
        {"keys": '{"b": "threefry2x32"}'},
    ],
)
def test_files_of_others_are_refused(path: Path, words: dict[str, str] | None):
    save_file({"a": np.zeros(2, np.uint32)}, path, words)
    with pytest.raises(DamagedFileError):
        load(path)


def test_a_missing_file_is_the_systems_error(path: Path):
    with pytest.raises(FileNotFoundError):
        load(path)


def test_a_full_disk_costs_nothing_that_was_there(path: Path):
    save(path, {"a": jnp.arange(3.0)})
    whole = path.read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    try:
        with pytest.raises(OSError, match="too large"):
            save(path, {"a": jnp.zeros(10_000)})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert path.read_bytes() == whole
    assert list(path.parent.iterdir()) == [path]


def test_weights_are_the_arrays_of_floats(path: Path):
    net = make()["net"]
    save_weights(path, net)
    assert list(load_file(path)) == ["weight"]
    other = Net(jnp.zeros((2, 3)), jnp.int32(99), jax.nn.gelu, 3)
    loaded = load_weights(path, other)
    np.testing.assert_array_equal(loaded.weight, net.weight)
    assert int(loaded.steps) == 99
    assert loaded.activation is jax.nn.gelu


def test_the_words_of_the_format_are_plain_json(path: Path):
    save(path, make())
    assert json.loads(load(path).words["keys"]) == {"keys.0": "threefry2x32", "keys.1": "rbg"}
