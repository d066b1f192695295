"""Settings typed on the command line: what they change, and errors for what does not fit."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engrax.agents import ActorCriticSizes, MERLINSizes
from engrax.envs import Mixture, Recall
from engrax.errors import ConfigError, UserError
from engrax.experiments.codec import decode, encode
from engrax.experiments.config import Experiment
from engrax.experiments.docs import attribute_docs
from engrax.experiments.presets import PRESETS
from engrax.experiments.registries import REGISTRIES
from engrax.experiments.settings import list_settings, override, split_settings
from engrax.memory import HCAMSizes, LSTMSizes, RetroactiveSizes, RLMEMSizes


@dataclass(frozen=True)
class AbstractSizes:
    """A base class with a registry."""


@dataclass(frozen=True)
class Lstm(AbstractSizes):
    hidden: int = 8
    """Hidden units."""


@dataclass(frozen=True)
class Hcam(AbstractSizes):
    width: int = 64
    """Width of a layer,
    over two lines."""
    gate: bool = False


@pytest.fixture(autouse=True, scope="module")
def registered() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(REGISTRIES, AbstractSizes, {"hcam": Hcam, "lstm": Lstm})
        yield


@dataclass(frozen=True)
class Learner:
    rate: float = 1e-3
    clip: float | None = None


@dataclass(frozen=True)
class Setup:
    memory: AbstractSizes = Hcam(width=128)
    """The memory."""
    learner: Learner = field(default_factory=Learner)
    other: Learner = field(default_factory=Learner)
    encoder: Learner | None = None
    second: AbstractSizes | None = None
    dances: tuple[str, ...] | None = None
    size: tuple[int, int] = (3, 4)
    seed: int = 0

    def __post_init__(self):
        if self.seed < 0:
            raise ValueError(f"seed is {self.seed}, expected at least 0")


def test_settings_are_told_from_the_commands_own_arguments():
    words = [
        "debug",
        "--out",
        "here",
        "--memory.width",
        "3",
        "--seed=-4",
        "--json",
        "--learner.rate",
        "-1e-3",
        "-h",
    ]
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
    settings = {
        "memory.width": "32",
        "learner.rate": "1",
        "learner.clip": "0.5",
        "dances": "a,b",
        "size": "1,2",
    }
    expected = Setup(Hcam(width=32), Learner(1.0, 0.5), dances=("a", "b"), size=(1, 2))
    assert override(Setup(), settings) == expected
    assert override(expected, {"learner.clip": "none", "dances": "none"}).learner == Learner(1.0)


@pytest.mark.parametrize("name", ["memory", "memory.kind"])
def test_another_kind_starts_from_its_own_defaults(name: str):
    assert override(Setup(), {"memory.hidden": "5", name: "lstm"}).memory == Lstm(hidden=5)


def test_what_is_none_can_be_chosen_and_left_out_again():
    chosen = override(Setup(), {"second": "lstm", "second.hidden": "5"})
    assert chosen == Setup(second=Lstm(hidden=5))
    assert override(chosen, {"second": "none"}) == Setup()


def test_naming_the_kind_that_is_there_keeps_its_settings():
    assert override(Setup(), {"memory": "hcam", "memory.gate": "true"}).memory == Hcam(
        width=128, gate=True
    )


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("other.rtae", "3", "unknown setting '--other.rtae'; did you mean --other.rate?"),
        ("memory.widht", "3", "unknown setting '--memory.widht'; did you mean --memory.width?"),
        ("width", "3", "unknown setting '--width'; did you mean --memory.width?"),
        ("rate", "3", "unknown setting '--rate'; did you mean --learner.rate or --other.rate?"),
        (
            "lerner.rate",
            "3",
            "unknown setting '--lerner.rate'; did you mean --learner.rate or --other.rate?",
        ),
        ("widht", "3", "unknown setting '--widht'; did you mean --memory.width?"),
        (
            "memory.hidden",
            "3",
            "unknown setting '--memory.hidden'; `engrax train PRESET --help` lists them all",
        ),
        ("steps", "3", "unknown setting '--steps'; `engrax train PRESET --help` lists them all"),
        ("zzz", "3", "unknown setting '--zzz'; `engrax train PRESET --help` lists them all"),
        ("", "3", "unknown setting '--'; `engrax train PRESET --help` lists them all"),
        (
            "learner",
            "3",
            "--learner is a group of settings; set one of those in it: `engrax train PRESET",
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


names = st.text() | st.sampled_from(
    ["memory", "memory.width", "memory.kind", "learner.rate", "dances", "size", "seed"]
)


@given(
    st.dictionaries(
        names, st.text() | st.sampled_from(["lstm", "none", "1", "-1", "true", "1e999"])
    )
)
def test_any_words_change_the_setup_or_are_an_error_of_their_user(settings: dict[str, str]):
    with suppress(UserError):
        assert isinstance(override(Setup(), settings), Setup)


def test_all_settings_are_listed_with_values_and_docs():
    rows = {setting.path: setting for setting in list_settings(Setup, encode(Setup()))}
    assert list(rows) == [
        *("memory", "memory.width", "memory.gate"),
        *("learner.rate", "learner.clip", "other.rate", "other.clip"),
        *("encoder", "second", "dances", "size", "seed"),
    ]
    assert [rows["memory"].metavar, rows["memory"].value] == ["{hcam,lstm}", "hcam"]
    assert [rows["memory.gate"].metavar, rows["memory.gate"].value] == ["{true,false}", "false"]
    assert [rows["size"].value, rows["dances"].value, rows["seed"].value] == ["3,4", "none", "0"]
    assert [rows["encoder"].metavar, rows["encoder"].value] == ["GROUP|none", "none"]
    assert [rows["second"].metavar, rows["second"].value] == ["{hcam,lstm}|none", "none"]
    assert rows["learner.clip"].metavar == "NUMBER|none"
    assert rows["memory.width"].doc == "Width of a layer, over two lines."


def test_classes_without_source_have_no_docs():
    assert attribute_docs(int) == {}


DEBUG, MERLIN = PRESETS["debug"], PRESETS["merlin-recall-debug"]


@pytest.mark.parametrize("name", ["memory", "memory.kind", "agent.memory", "agent.memory.kind"])
def test_memory_is_short_for_the_agents(name: str):
    changed = override(DEBUG, {name: "lstm", "memory.width": "32"})
    assert changed.agent == replace(DEBUG.agent, memory=LSTMSizes(width=32))


def test_memory_is_short_for_the_store_of_an_agent_that_has_one():
    assert override(MERLIN, {"memory.rows": "9"}).agent == replace(
        MERLIN.agent, store=RetroactiveSizes(rows=9)
    )


def test_the_agent_is_chosen_before_its_memory():
    assert override(DEBUG, {"memory.rows": "9", "agent": "merlin"}).agent == MERLINSizes(
        store=RetroactiveSizes(rows=9)
    )
    chosen = override(
        MERLIN, {"memory.store.rows": "9", "memory": "rl_mem", "agent": "actor_critic"}
    ).agent
    assert chosen == ActorCriticSizes(memory=RLMEMSizes(store=RetroactiveSizes(rows=9)))
    assert override(MERLIN, {"agent": "actor_critic"}).agent == ActorCriticSizes(memory=HCAMSizes())


@pytest.mark.parametrize(
    ("start", "settings", "message"),
    [
        (
            MERLIN,
            {"memory": "lstm"},
            "--memory: this agent takes no other memory, it has its store: set --agent.store.",
        ),
        (MERLIN, {"agent.store": "lstm"}, "--agent.store: this agent takes no other memory"),
        (
            MERLIN,
            {"memory.width": "3"},
            "unknown setting '--memory.width'; did you mean --agent.width?",
        ),
        (DEBUG, {"memory.rows": "3"}, "unknown setting '--memory.rows'; `engrax train"),
        (DEBUG, {"memory": "lstn"}, "--agent.memory: 'lstn' is not known; did you mean lstm?"),
        (
            DEBUG,
            {"memory": "lstm", "agent.memory": "ntm"},
            "--memory and --agent.memory are the same setting",
        ),
        (
            DEBUG,
            {"agent.kind": "merlin", "agent": "merlin"},
            "--agent.kind and --agent are the same setting",
        ),
        (DEBUG, {"memory.chunk_size": "0"}, "agent.memory: chunk_size is 0"),
        (DEBUG, {"task.view": "pixels"}, "unknown setting '--task.view'"),
        (DEBUG, {"learner": "ddpg"}, "--learner: 'ddpg' is not known; "),
    ],
)
def test_what_does_not_fit_an_experiment_is_named(
    start: Experiment, settings: dict[str, str], message: str
):
    with pytest.raises(ConfigError) as error:
        override(start, settings)
    assert str(error.value).startswith(message)
    assert "\n" not in str(error.value)


def test_levels_are_typed_as_json():
    typed = '[{"kind": "recall", "delay": 2}, {"kind": "recall"}]'
    experiment = override(DEBUG, {"task": "mixture", "task.levels": typed})
    assert experiment.task == Mixture((Recall(2), Recall()))
    assert decode(Experiment, encode(experiment)) == experiment
    with pytest.raises(ConfigError, match=r"task.levels: expected a list in JSON, got 'recall'"):
        override(DEBUG, {"task": "mixture", "task.levels": "recall"})


@pytest.mark.parametrize("name", PRESETS)
def test_every_setting_of_a_preset_is_explained(name: str):
    settings = list(list_settings(Experiment, encode(PRESETS[name])))
    assert not [setting.path for setting in settings if not setting.doc]
    assert {"agent", "learner", "task", "streams", "learner.learning_rate"} <= {
        setting.path for setting in settings
    }
