"""Whatever stands in a run's config and log: an answer, or one line that says what is wrong."""

import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engrax.experiments.codec import encode
from engrax.experiments.presets import PRESETS
from engrax.runs.directory import RunDirectory

from unit.cli.bad_input import FUZZ, check
from unit.runs.fake_runs import FakeCli, FakeTrainer, state_at

DEBUG = encode(PRESETS["debug"])

plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-(10**40), 10**40)
    | st.floats()
    | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=5,
)
telling = st.sampled_from(
    [0, -1, 2**31, 2**63, 10**18, 10**4000, 1e-320, 1e308, -0.0, "hcam", "lstm", "ballet", [], {}]
)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in plain JSON."""
    yield path
    inner = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for name, item in inner:
        yield from places(item, (*path, name))


def mutate(data: st.DataObject, config: Any) -> Any:
    """The config with one place changed, removed, added to, or buried."""
    path = data.draw(st.sampled_from(list(places(config))))
    holder = {"whole": copy.deepcopy(config)}
    above: Any = holder
    *before, name = ("whole", *path)
    for step in before:
        above = above[step]
    how = data.draw(st.sampled_from(["replace", "replace", "remove", "add", "bury"]))
    if how == "remove" and path:
        del above[name]
    elif how == "add" and isinstance(above[name], dict):
        above[name][data.draw(st.text(max_size=8) | st.sampled_from(["kind", "width"]))] = (
            data.draw(plain)
        )
    elif how == "bury":
        in_list = data.draw(st.booleans())
        for _ in range(data.draw(st.sampled_from([1, 60, 70, 400]))):
            above[name] = [above[name]] if in_list else {"kind": above[name]}
    else:
        above[name] = data.draw(plain | telling)
    return holder["whole"]


extras = st.dictionaries(
    st.sampled_from(["preset", "versions", "command", "more"]), plain | telling, min_size=1
)


@FUZZ
@given(st.sampled_from(sorted(PRESETS)), st.integers(0, 3), st.data())
def test_any_config_is_read_or_refused(
    cli: FakeCli, preset: str, mutations: int, data: st.DataObject
):
    config = {
        "experiment": encode(PRESETS[preset]),
        "preset": preset,
        "versions": {"jax": "1"},
        "command": ["engrax"],
    }
    for _ in range(mutations):
        config = mutate(data, config)
    config = {**config, **data.draw(st.just({}) | extras)} if isinstance(config, dict) else config
    Path("run/config.json").write_text(json.dumps(config))
    for words in (["show", "run", "--json"], ["show", "run"], ["resume", "run"]):
        check(cli(*words))


edits = st.lists(
    st.tuples(st.integers(0, 10**5), st.integers(0, 30), st.binary(max_size=8)),
    min_size=1,
    max_size=3,
)


@FUZZ
@given(edits)
def test_any_damage_to_a_config_is_read_or_refused(
    cli: FakeCli, edits: list[tuple[int, int, bytes]]
):
    text = json.dumps({"experiment": DEBUG, "preset": "debug"}).encode()
    for where, length, what in edits:
        at = where % len(text)
        text = text[:at] + what + text[at + length :]
    Path("run/config.json").write_bytes(text)
    for words in (["show", "run", "--json"], ["evaluate", "run"], ["resume", "run"]):
        check(cli(*words))


measured = (
    st.none()
    | st.integers()
    | st.floats()
    | st.booleans()
    | st.text(max_size=4)
    | st.sampled_from([10**400, []])
)
rows = st.dictionaries(
    st.sampled_from(["update", "seconds", "environment_steps", "loss", "success"])
    | st.text(max_size=4),
    measured,
).map(lambda row: json.dumps(row).encode())
numbers = st.sampled_from(
    ["9" * 5000, "1e999", "NaN", "-Infinity", "true", '"3"', "-4", "3.0", "null", "1" * 19]
)
strange_rows = numbers.map(lambda number: f'{{"update": {number}, "loss": {number}}}'.encode())
log_lines = st.lists(
    st.one_of(
        rows,
        strange_rows,
        st.binary(max_size=20),
        st.sampled_from(
            [
                b'{"update": 3, "lo',
                b"[" * 5000,
                b"{}",
                b"[]",
                b"3",
                b"\xff\xfe",
                b'{"update": 2}',
                b"x" * 10**5,
            ]
        ),
    ),
    max_size=8,
)


@FUZZ
@given(log_lines, st.booleans())
def test_any_log_is_read_past(
    cli: FakeCli, monkeypatch: pytest.MonkeyPatch, lines: list[bytes], ended: bool
):
    path = Path("run/metrics.jsonl")
    path.write_bytes(b"\n".join(lines) + (b"\n" if ended else b""))
    for words in (["show", "run", "--json"], ["show", "run"], ["resume", "run"]):
        check(cli(*words))
    directory = RunDirectory.open(Path("run"))
    directory.metrics.append({"update": 10**9, "loss": 0.5})
    trusted = [row["update"] for row in directory.metrics.rows() if set(row) == {"update", "loss"}]
    assert ended is False or 10**9 in trusted
    directory.metrics.trim(2)
    assert all(0 <= (row["update"] or 0) <= 2 for row in directory.metrics.rows())
    directory.metrics.append({"update": 3})
    assert directory.metrics.rows()[-1] == {"update": 3}


def test_a_run_with_a_strange_log_goes_on(cli: FakeCli, monkeypatch: pytest.MonkeyPatch):
    shapes: Callable[[Any], Any] = lambda experiment: (FakeTrainer(), state_at(0))  # noqa: E731
    monkeypatch.setattr("engrax.runs.training.build_trainer", shapes)
    with Path("run/metrics.jsonl").open("ab") as file:
        file.write(
            b'{"update": true, "seconds": "x"}\n{"update": 2, "seconds": 1e999}\n'
            b'\xff\xfe\x00\n{"update": 3, "se'
        )
    answer = cli("resume", "run", "--updates", "5")
    assert answer.status == 0, answer.err
    assert [row["update"] for row in RunDirectory.open(Path("run")).metrics.rows()] == [
        1,
        2,
        3,
        4,
        5,
    ]
