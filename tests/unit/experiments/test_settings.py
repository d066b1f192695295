"""Settings typed on the command line: what they change, and what is said of those that do not fit."""

from contextlib import suppress
from dataclasses import dataclass, field
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engrax.cli.settings import attribute_docs, list_settings, override, split_settings
from engrax.errors import ConfigError, UserError
from engrax.experiments.codec import encode


@dataclass(frozen=True)
class Lstm:
    kind: Literal["lstm"] = "lstm"
    hidden: int = 8
    """Hidden units."""


@dataclass(frozen=True)
class Hcam:
    kind: Literal["hcam"] = "hcam"
    width: int = 64
    """Width of a layer,
    over two lines."""
    gate: bool = False


@dataclass(frozen=True)
class Learner:
    rate: float = 1e-3
    clip: float | None = None


@dataclass(frozen=True)
class Setup:
    memory: Hcam | Lstm = Hcam(width=128)
    """What it remembers with."""
    learner: Learner = field(default_factory=Learner)
    other: Learner = field(default_factory=Learner)
    dances: tuple[str, ...] | None = None
    size: tuple[int, int] = (3, 4)
    seed: int = 0

    def __post_init__(self):
        if self.seed < 0:
            raise ValueError(f"seed is {self.seed}, expected at least 0")


def test_settings_are_told_from_the_commands_own_arguments():
    words = ["debug", "--out", "here", "--memory.width", "3", "--seed=-4", "--json", "--learner.rate", "-1e-3", "-h"]
    own, settings = split_settings(words, reserved=("--out", "--json"))
    assert own == ["debug", "--out", "here", "--json", "-h"]
    assert settings == {"memory.width": "3", "seed": "-4", "learner.rate": "-1e-3"}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--seed"], "'--seed' needs a value: --seed VALUE"),
        (["--seed", "--json"], "'--seed' needs a value"),
        (["--seed", "1", "--seed=2"], "'--seed' is given twice"),
    ],
)
def test_settings_without_one_value(words: list[str], message: str):
    with pytest.raises(UserError, match=message):
        split_settings(words, reserved=("--json",))


def test_settings_change_what_they_name_and_nothing_else():
    settings = {"memory.width": "32", "learner.rate": "1", "learner.clip": "0.5", "dances": "a,b", "size": "1,2"}
    expected = Setup(Hcam(width=32), Learner(1.0, 0.5), dances=("a", "b"), size=(1, 2))
    assert override(Setup(), settings) == expected
    assert override(expected, {"learner.clip": "none", "dances": "none"}).learner == Learner(1.0)


@pytest.mark.parametrize("name", ["memory", "memory.kind"])
def test_another_kind_starts_from_its_own_defaults(name: str):
    assert override(Setup(), {"memory.hidden": "5", name: "lstm"}).memory == Lstm(hidden=5)


def test_naming_the_kind_that_is_there_keeps_its_settings():
    assert override(Setup(), {"memory": "hcam", "memory.gate": "true"}).memory == Hcam(width=128, gate=True)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("memory.widht", "3", "unknown setting '--memory.widht'; did you mean --memory.width?"),
        ("width", "3", "unknown setting '--width'; did you mean --memory.width?"),
        ("rate", "3", "unknown setting '--rate'; did you mean --learner.rate or --other.rate?"),
        ("lerner.rate", "3", "unknown setting '--lerner.rate'; did you mean --learner.rate or --other.rate?"),
        ("widht", "3", "unknown setting '--widht'; did you mean --memory.width?"),
        ("memory.hidden", "3", "unknown setting '--memory.hidden'; `engrax train PRESET --help` lists them all"),
        ("zzz", "3", "unknown setting '--zzz'; `engrax train PRESET --help` lists them all"),
        ("", "3", "unknown setting '--'; `engrax train PRESET --help` lists them all"),
        (
            "learner",
            "3",
            "--learner is a group of settings; set one of those in it: `engrax train PRESET --help` lists",
        ),
        ("memory", "lst", "--memory: 'lst' is not known; did you mean lstm?"),
        ("memory", "none", "--memory: 'none' is not known; known: hcam, lstm"),
        ("memory.width", "x", "memory.width: expected an integer, got 'x'"),
        ("memory.width", "", "memory.width: expected an integer, got ''"),
        ("memory.width", "3.0", "memory.width: expected an integer, got '3.0'"),
        ("memory.gate", "yes", "memory.gate: expected true or false, got 'yes'"),
        ("learner.rate", "nan", "learner.rate: expected a finite number, got nan"),
        ("size", "1,2,3", "size: expected a list of 2, got ['1', '2', '3']"),
        ("seed", "-1", "seed is -1, expected at least 0"),
    ],
)
def test_what_does_not_fit_is_named(name: str, value: str, message: str):
    with pytest.raises(ConfigError) as error:
        override(Setup(), {name: value})
    assert str(error.value).startswith(message)
    assert "\n" not in str(error.value)


names = st.text() | st.sampled_from(["memory", "memory.width", "memory.kind", "learner.rate", "dances", "size", "seed"])


@given(st.dictionaries(names, st.text() | st.sampled_from(["lstm", "none", "1", "-1", "true", "1e999"])))
def test_any_words_change_the_setup_or_are_an_error_of_their_user(settings: dict[str, str]):
    with suppress(UserError):
        assert isinstance(override(Setup(), settings), Setup)


def test_all_settings_are_listed_with_values_and_docs():
    rows = {setting.path: setting for setting in list_settings(Setup, encode(Setup()))}
    assert list(rows) == [
        *("memory", "memory.width", "memory.gate"),
        *("learner.rate", "learner.clip", "other.rate", "other.clip", "dances", "size", "seed"),
    ]
    assert [rows["memory"].metavar, rows["memory"].value] == ["{hcam,lstm}", "hcam"]
    assert [rows["memory.gate"].metavar, rows["memory.gate"].value] == ["{true,false}", "false"]
    assert [rows["size"].value, rows["dances"].value, rows["seed"].value] == ["3,4", "none", "0"]
    assert rows["learner.clip"].metavar == "NUMBER|none"
    assert rows["memory.width"].doc == "Width of a layer, over two lines."


def test_classes_without_source_have_no_docs():
    assert attribute_docs(int) == {}
