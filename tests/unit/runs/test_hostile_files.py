"""Files of a stranger: refused in one line, without a crash, a hang, or much memory."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engrax.cli.main import main
from engrax.errors import RunError
from engrax.experiments.codec import encode
from engrax.experiments.presets import PRESETS
from engrax.runs.checkpoint import CheckpointError, DamagedFileError, load, restore, save
from engrax.runs.directory import RunDirectory, counters

from unit.runs.fake_runs import state_at

Tree = dict[str, Any]


def tree() -> Tree:
    return {
        "agent": jnp.arange(6.0).reshape(2, 3),
        "updates": jnp.int32(3),
        "key": jax.random.key(0),
    }


def safetensors(header: object, data: bytes = b"") -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data


def array(dtype: str = "F32", shape: Any = (2,), offsets: Any = (0, 8)) -> dict[str, Any]:
    return {"dtype": dtype, "shape": shape, "data_offsets": offsets}


def one(**changed: Any) -> bytes:
    return safetensors({"a": array(**changed)}, bytes(8))


def words(data: bytes = bytes(8), **said: Any) -> bytes:
    return safetensors(
        {"__metadata__": {"keys": "{}", "format": "engrax-arrays-1"} | said, "a": array()}, data
    )


HOSTILE = {
    "a header as long as the address space": (2**63).to_bytes(8, "little") + b"{}",
    "a header longer than the file": (1000).to_bytes(8, "little") + b"{}",
    "a negative length": b"\xff" * 8 + b"{}",
    "no header": safetensors(b""),
    "a header that is no object": safetensors([1, 2]),
    "deep nesting": safetensors(b'{"a":' * 50_000 + b"1" + b"}" * 50_000),
    "deep lists": safetensors(b'{"a":{"dtype":"F32","shape":' + b"[" * 50_000),
    "not UTF-8": safetensors(b'{"\xff\xfe": 1}'),
    "nothing but a header": safetensors({}),
    "offsets that overlap": safetensors({"a": array(), "b": array()}, bytes(8)),
    "offsets with a gap": safetensors({"a": array(), "b": array(offsets=(16, 24))}, bytes(24)),
    "offsets out of the file": one(offsets=(0, 2**40)),
    "offsets backwards": one(offsets=(8, 0)),
    "negative offsets": one(offsets=(-8, 0)),
    "fractional offsets": one(offsets=(0.5, 8)),
    "three offsets": one(offsets=(0, 4, 8)),
    "an unknown dtype": one(dtype="F33"),
    "a dtype that is no word": one(dtype=7),
    "a dtype of half a byte": one(dtype="F4", shape=(16,)),
    "a dtype that NumPy lacks": one(dtype="BF16", shape=(4,)),
    "an eight-bit float": one(dtype="F8_E4M3", shape=(8,)),
    "complex numbers": one(dtype="C64", shape=(1,)),
    "a shape that does not fit": one(shape=(3,)),
    "a negative shape": one(shape=(-2,)),
    "a gigantic shape": one(shape=(2**62, 2**62)),
    "a gigantic shape of nothing": one(shape=(0, 2**62, 2**62), offsets=(0, 0)),
    "a million axes": one(shape=(1,) * 1_000_000),
    "two hundred axes": one(shape=(1,) * 199 + (2,)),
    "a shape that is a word": one(shape="2"),
    "a name that stands twice": safetensors(
        f'{{"a": {json.dumps(array())}, "a": {json.dumps(array())}}}'.encode(), bytes(8)
    ),
    "no words": one(),
    "words that are numbers": words(updates=3),
    "words that are a list": safetensors({"__metadata__": [], "a": array()}, bytes(8)),
    "a word that is null": words(keys=None),
    "a wrong signature": words(sha256="0" * 64),
    "no signature": words(),
    "keys that are a list": words(keys="[]"),
    "keys nested deep": words(keys="[" * 100_000),
    "keys that are no words": words(keys='{"a": 3}'),
    "keys of an unknown kind": words(keys='{"a": "dice"}'),
    "keys that are floats": words(keys='{"a": "threefry2x32"}'),
    "keys of arrays that are not there": words(keys='{"b": "threefry2x32"}'),
    "a key with a name of a million characters": words(keys=json.dumps({"b" * 1_000_000: "rbg"})),
    "another format": words(format="engrax-arrays-99"),
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "update-000000000003.safetensors"


@pytest.mark.parametrize("contents", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_file_is_damaged(path: Path, contents: bytes):
    path.write_bytes(contents)
    with pytest.raises(DamagedFileError) as error:
        load(path)
    assert len(str(error.value)) < 1000


def test_names_with_paths_are_only_names(path: Path):
    save(path, {"../../evil": jnp.zeros(2), "/etc/passwd": jnp.zeros(2)})
    with pytest.raises(CheckpointError, match="has no agent"):
        restore(load(path), tree(), path)
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize(
    "updates", ["-3", "3.5", "1e3", "9" * 5000, "9" * 19, "", "three", "٣", "1_0", " 3"]
)
def test_counters_are_plain_numbers(path: Path, updates: str):
    save(path, {}, {"updates": updates, "environment_steps": "3"})
    with pytest.raises(CheckpointError, match="does not say after how many updates"):
        counters(load(path), path)


VALID: list[bytes] = []


def valid(path: Path) -> bytes:
    if not VALID:
        save(path, tree(), {"updates": "3", "environment_steps": "30"})
        VALID.append(path.read_bytes())
    return VALID[0]


edits = st.lists(
    st.tuples(
        st.sampled_from(["flip", "splice", "cut", "move"]),
        st.integers(0, 10**6),
        st.binary(max_size=12),
    ),
    min_size=1,
    max_size=4,
)


def edit(contents: bytes, how: str, where: int, what: bytes) -> bytes:
    at = where % (len(contents) + 1)
    if how == "flip":
        changed = bytes(a ^ b for a, b in zip(contents[at:], what, strict=False))
        return contents[:at] + changed + contents[at + len(changed) :]
    if how == "splice":
        return contents[:at] + what + contents[at + len(what) // 2 :]
    return contents[:at] if how == "cut" else contents[at:] + contents[:at]


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=400
)
@given(edits)
def test_any_edit_of_a_file_is_found_or_changes_nothing(
    path: Path, edits: list[tuple[str, int, bytes]]
):
    contents = whole = valid(path)
    for change in edits:
        contents = edit(contents, *change)
    path.write_bytes(contents)
    try:
        found = load(path)
    except DamagedFileError:
        return
    # An edit may fall on spaces, or undo another.
    path.write_bytes(whole)
    assert found.state_sha256 == load(path).state_sha256
    assert found.words == load(path).words


header_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(2**62, 2**65)
    | st.floats()
    | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=6,
)
arrays = st.fixed_dictionaries(
    {
        "dtype": st.sampled_from(
            ["F32", "BF16", "F64", "I64", "U64", "BOOL", "F8_E5M2", "C64", "U8"]
        )
        | header_values,
        "shape": st.lists(st.integers(0, 4), max_size=3) | header_values,
        "data_offsets": st.tuples(st.integers(0, 64), st.integers(0, 64)) | header_values,
    }
)
headers = st.dictionaries(
    st.sampled_from(["a", "b", "__metadata__"]) | st.text(max_size=5), arrays | header_values
)


@pytest.mark.slow
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=400
)
@given(headers, st.binary(max_size=64))
def test_any_header_is_refused(path: Path, header: dict[str, Any], data: bytes):
    path.write_bytes(safetensors(header, data))
    with pytest.raises(DamagedFileError):
        load(path)


def signed(path: Path, arrays: Tree) -> None:
    """A file that is in order, of whatever arrays."""
    save(path, arrays, {"updates": "3", "environment_steps": "30"})


@pytest.mark.parametrize(
    "arrays",
    [
        {},
        {"agent": jnp.zeros((2, 3))},
        {**tree(), "more": jnp.zeros(1)},
        {**tree(), "agent": jnp.zeros((3, 2))},
        {**tree(), "agent": jnp.zeros((0, 3))},
        {**tree(), "agent": np.zeros((2, 3))},
        {**tree(), "agent": jnp.zeros((2, 3), jnp.bfloat16)},
        {**tree(), "key": jax.random.key(0, impl="rbg")},
        {**tree(), "key": jax.random.split(jax.random.key(0), 2)},
        {**tree(), "key": jnp.zeros(2, jnp.uint32)},
        {**tree(), "updates": jnp.float32(3)},
        {**tree(), "updates": jnp.zeros(3, jnp.int32)},
    ],
)
def test_a_signed_file_of_another_form_is_refused(path: Path, arrays: Tree):
    signed(path, arrays)
    with pytest.raises(CheckpointError):
        restore(load(path), tree(), path)


@pytest.fixture
def directory(tmp_path: Path) -> RunDirectory:
    return RunDirectory.create(tmp_path / "run", PRESETS["debug"], preset="debug", command=[])


def refused(capsys: pytest.CaptureFixture[str], *command: str) -> str:
    """The one line that is said of it."""
    status = main(command)
    said = capsys.readouterr()
    assert (status, said.out, len(said.err.splitlines())) == (2, "", 1), said.err
    assert said.err.startswith("engrax: ")
    return said.err


def pipe(path: Path) -> None:
    os.mkfifo(path)


def endless(path: Path) -> None:
    path.symlink_to("/dev/zero")


def huge(path: Path) -> None:
    """A file that says that it holds a terabyte, none of which is on the disk."""
    size = 10**12
    path.write_bytes(safetensors({"a": array(shape=(size // 4,), offsets=(0, size))}))
    os.truncate(path, path.stat().st_size + size)


@pytest.mark.parametrize("make", [pipe, endless, huge, Path.mkdir])
@pytest.mark.parametrize(
    "name", ["config.json", "weights.safetensors", "checkpoints/update-000000000003.safetensors"]
)
def test_what_is_no_file_of_ours_is_refused_unread(
    capsys: pytest.CaptureFixture[str],
    directory: RunDirectory,
    name: str,
    make: Callable[[Path], None],
):
    path = directory.path / name
    path.unlink(missing_ok=True)
    make(path)
    if name.startswith("checkpoints"):
        with pytest.raises(CheckpointError, match="every checkpoint"):
            directory.load(lambda line: None)
        return
    command = "show" if name == "config.json" else "evaluate"
    assert str(path) in refused(capsys, command, str(directory.path))


@pytest.mark.parametrize("make", [pipe, endless, Path.mkdir])
def test_a_log_that_is_no_file_is_refused_unread(
    capsys: pytest.CaptureFixture[str], directory: RunDirectory, make: Callable[[Path], None]
):
    make(directory.metrics.path)
    assert "metrics.jsonl is not a regular file" in refused(capsys, "show", str(directory.path))


def test_a_damaged_checkpoint_that_is_a_directory_does_not_stop_a_run(directory: RunDirectory):
    (directory.path / "checkpoints" / "update-000000000099.safetensors").mkdir()
    (directory.path / "checkpoints" / "update-best.safetensors").write_text("mine")
    (directory.path / "checkpoints" / "notes.tmp").write_text("mine")
    for update in (3, 4, 5):
        directory.save(state_at(update), 30)
    assert [path.name[7:-12] for path in directory.checkpoints()] == [
        "000000000099",
        "000000000005",
        "000000000004",
    ]
    assert (directory.path / "checkpoints" / "update-best.safetensors").read_text() == "mine"
    assert (directory.path / "checkpoints" / "notes.tmp").read_text() == "mine"


def test_what_a_dead_process_left_is_not_written_through(directory: RunDirectory, tmp_path: Path):
    mine = tmp_path / "thesis.tex"
    mine.write_text("mine")
    (directory.path / "weights.safetensors.tmp").symlink_to(mine)
    pipe(directory.path / "checkpoints" / "update-000000000003.safetensors.tmp")
    directory.save(state_at(3), 30)
    assert mine.read_text() == "mine"


@pytest.mark.parametrize(
    "text",
    [
        "[" * 1_000_000,
        '{"experiment": GOOD, "command":' + '{"a":' * 100 + "1" + "}" * 101,
        '{"experiment": GOOD, "versions": {"a": NaN}}',
        '{"experiment": GOOD, "versions": {"a": 1e999}}',
        '{"experiment": GOOD, "command": -Infinity}',
        '{"experiment": GOOD, "versions": 3}',
        '{"experiment": GOOD, "preset": ["debug"]}',
        '{"experiment": {}, "seed": ' + "9" * 5000 + "}",
        '{"experiment": {"\\u001b[31m": 1}}',
        '{"experiment": {"\\ud800": 1}}',
        '{"experiment": null}',
        "\ufeff{}",
    ],
)
def test_a_hostile_config_is_refused(
    capsys: pytest.CaptureFixture[str], directory: RunDirectory, text: str
):
    (directory.path / "config.json").write_text(
        text.replace("GOOD", json.dumps(encode(PRESETS["debug"])))
    )
    assert refused(capsys, "show", str(directory.path)).rstrip("\n").isprintable()


def test_control_characters_do_not_reach_the_terminal(
    capsys: pytest.CaptureFixture[str], directory: RunDirectory
):
    config = {"experiment": encode(PRESETS["debug"]), "preset": "\x1b[31m\ud800"}
    (directory.path / "config.json").write_text(json.dumps(config))
    assert main(["show", str(directory.path)]) == 0
    assert r"\x1b[31m\ud800" in capsys.readouterr().out


def test_a_config_of_ten_megabytes_is_refused(directory: RunDirectory):
    (directory.path / "config.json").write_text(" " * 10_000_001)
    with pytest.raises(RunError, match="10,000,001 bytes, expected at most 10,000,000"):
        RunDirectory.open(directory.path)
