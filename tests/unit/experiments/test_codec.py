"""Configs to JSON and back: exact for what fits, one clear line for what does not."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

import equinox as eqx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engrax.envs import AbstractEnvironment, Ballet, Mixture, Recall
from engrax.errors import ConfigError
from engrax.experiments.codec import Text, decode, encode
from engrax.experiments.config import Experiment
from engrax.experiments.plain import parse_json
from engrax.experiments.registries import HOST_TASKS, REGISTRIES
from engrax.gym.host import AbstractHostTask
from engrax.types import Interface


@dataclass(frozen=True)
class AbstractSizes:
    """A base class with a registry."""


@dataclass(frozen=True)
class Lstm(AbstractSizes):
    hidden: int = 8


@dataclass(frozen=True)
class Hcam(AbstractSizes):
    width: int = 64
    top_k: int | None = None
    gate: bool = False

    def __post_init__(self):
        if self.width < 1:
            raise ValueError(f"width {self.width} must be at least 1")


SIZES: dict[str, type] = {"hcam": Hcam, "lstm": Lstm}


@pytest.fixture(autouse=True, scope="module")
def registered() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(REGISTRIES, AbstractSizes, SIZES)
        yield


@dataclass(frozen=True)
class Learner:
    rate: float = 1e-3
    clip: float | None = None


@dataclass(frozen=True)
class Setup:
    memory: AbstractSizes
    learner: Learner = field(default_factory=Learner)
    view: Literal["pixels", "symbols"] = "symbols"
    dances: tuple[str, ...] = ()
    size: tuple[int, int] = (3, 4)
    encoder: Learner | None = None
    second: AbstractSizes | None = None
    seed: int = 0
    name: str = ""


finite = st.floats(allow_nan=False, allow_infinity=False)
learners = st.builds(Learner, finite, st.none() | finite)
memories = st.builds(
    Hcam, width=st.integers(1), top_k=st.none() | st.integers(), gate=st.booleans()
) | st.builds(Lstm, hidden=st.integers())
setups = st.builds(
    Setup,
    memories,
    learners,
    st.sampled_from(["pixels", "symbols"]),
    st.lists(st.text()).map(tuple),
    st.tuples(st.integers(), st.integers()),
    st.none() | learners,
    st.none() | memories,
    st.integers(),
    st.text(),
)


@given(setups)
def test_round_trip_through_text_is_exact(setup: Setup):
    assert decode(Setup, parse_json(json.dumps(encode(setup)), "it")) == setup


def test_left_out_settings_take_their_defaults():
    assert decode(Setup, {"memory": {"kind": "lstm"}}) == Setup(Lstm())


def test_an_integer_is_a_float():
    rate = decode(Learner, {"rate": 1}).rate
    assert rate == 1.0
    assert type(rate) is float


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"seed": "3"}, "seed: expected an integer, got '3'"),
        ({"seed": True}, "seed: expected an integer, got True"),
        ({"seed": 1.0}, "seed: expected an integer, got 1.0"),
        ({"learner": {"rate": float("nan")}}, "learner.rate: expected a finite number, got nan"),
        ({"learner": {"rate": float("inf")}}, "learner.rate: expected a finite number, got inf"),
        ({"learner": {"rate": 10**400}}, "learner.rate: expected a finite number, got inf"),
        ({"learner": {"rate": False}}, "learner.rate: expected a finite number, got False"),
        ({"learner": {"clip": "x"}}, "learner.clip: expected a finite number or none, got 'x'"),
        ({"learner": 3}, "learner: expected a group of settings, got 3"),
        ({"lerner": {}}, "unknown setting 'lerner'; did you mean learner?"),
        ({"learner": {"zzz": 1}}, "learner: unknown setting 'zzz'; known: rate, clip"),
        ({"encoder": {"rte": 1}}, "encoder: unknown setting 'rte'; did you mean rate?"),
        (
            {"view": "pixel"},
            "view: expected one of pixels, symbols, got 'pixel'; did you mean pixels?",
        ),
        ({"view": 3}, "view: expected one of pixels, symbols, got 3"),
        ({"dances": "abc"}, "dances: expected a list, each a string, got 'abc'"),
        ({"dances": ["a", 2]}, "dances[1]: expected a string, got 2"),
        ({"size": [1, 2, 3]}, "size: expected a list of 2, got [1, 2, 3]"),
        ({"memory": {"width": 3}}, "memory.kind is missing: expected one of hcam, lstm"),
        ({"memory": {"kind": "lst"}}, "memory.kind: 'lst' is not known; did you mean lstm?"),
        ({"memory": {"kind": 3}}, "memory.kind: 3 is not known; known: hcam, lstm"),
        (
            {"memory": {"kind": "lstm", "width": 3}},
            "memory: unknown setting 'width'; known: hidden",
        ),
        ({"memory": {"kind": "hcam", "width": 0}}, "memory: width 0 must be at least 1"),
        ({"memory": "hcam"}, "memory: expected one of hcam, lstm, got 'hcam'"),
        ({"memory": None}, "memory: expected one of hcam, lstm, got None"),
        ({"second": 3}, "second: expected one of hcam, lstm or none, got 3"),
        ({"second": {"kind": "lst"}}, "second.kind: 'lst' is not known; did you mean lstm?"),
        ({"second": {"kind": "hcam", "width": 0}}, "second: width 0 must be at least 1"),
    ],
)
def test_what_does_not_fit_is_named(change: dict[str, Any], message: str):
    with pytest.raises(ConfigError) as error:
        decode(Setup, {"memory": {"kind": "hcam"}} | change)
    assert str(error.value) == message


def test_a_missing_setting_is_named():
    with pytest.raises(ConfigError, match="memory is missing: expected one of hcam, lstm"):
        decode(Setup, {})


@pytest.mark.parametrize("text", ["", "{", "[]", "3", '{"a": 1, "a": 2}', "[" * 100_000, "\x00"])
def test_text_that_is_no_object(text: str):
    with pytest.raises(ConfigError, match=r"^config\.json"):
        parse_json(text, "config.json")


def test_numbers_that_json_cannot_hold_are_refused():
    with pytest.raises(ConfigError, match="finite"):
        encode(Learner(float("inf")))


def test_what_a_registry_is_given_is_known_at_once():
    @dataclass(frozen=True)
    class Mine(AbstractSizes):
        rows: int = 3

    with pytest.raises(ConfigError, match="Mine is in no registry: add the class under a name"):
        encode(Setup(Mine()))
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(SIZES, "mine", Mine)
        data = encode(Setup(Mine(rows=5)))
        assert data["memory"] == {"kind": "mine", "rows": 5}
        assert decode(Setup, data).memory == Mine(rows=5)
    with pytest.raises(ConfigError, match=r"memory.kind: 'mine' is not known; known: hcam, lstm"):
        decode(Setup, data)


def test_environments_are_read_by_their_kind_and_check_themselves():
    mixture = Mixture((Ballet(max_steps=400, dances=("circle_cw", "zee")), Ballet(dance_delay=2)))
    assert decode(AbstractEnvironment, encode(mixture)) == mixture
    assert encode(Ballet()) == {
        **{"kind": "ballet", "num_dancers": 2, "dance_delay": 16},
        **{"max_steps": None, "view": "symbols", "dances": None},
    }
    with pytest.raises(ConfigError, match="delay is -3, expected at least 0"):
        decode(AbstractEnvironment, {"kind": "recall", "delay": -3})
    with pytest.raises(ConfigError, match=r"levels\[1\]: num_cues is 1"):
        decode(
            AbstractEnvironment,
            {"kind": "mixture", "levels": [encode(Recall()), {"kind": "recall", "num_cues": 1}]},
        )


def test_a_task_may_be_of_another_kind_than_an_environment():
    @dataclass(frozen=True)
    class Elsewhere(AbstractHostTask):
        id: str
        seeds: tuple[int, ...] | None = None
        states_success: bool = False

        @property
        def interface(self) -> Interface:
            return Recall().interface

        def make(self, streams: int) -> Any:
            raise NotImplementedError

    experiment = Experiment(task=Elsewhere("x", (1, 2)))
    with pytest.raises(ConfigError, match="Elsewhere is in no registry"):
        encode(experiment)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(HOST_TASKS, "elsewhere", Elsewhere)
        data = encode(experiment)
        assert data["task"] == {
            **{"kind": "elsewhere", "id": "x"},
            **{"seeds": [1, 2], "states_success": False},
        }
        assert decode(Experiment, data) == experiment
        levels = {"kind": "mixture", "levels": [data["task"]]}
        with pytest.raises(ConfigError, match=r"levels\[0\].kind: 'elsewhere' is not known"):
            decode(Experiment, {"task": levels})


def test_fields_that_the_constructor_does_not_take_are_no_settings():
    class Cell(eqx.Module):
        width: int = 3
        square: int = eqx.field(init=False)

        def __post_init__(self):
            self.square = self.width**2

    assert encode(Cell(4)) == {"width": 4}
    assert decode(Cell, {"width": 5}).square == 25


def test_a_setting_called_kind_is_a_mistake_in_the_program():
    @dataclass(frozen=True)
    class Mine(AbstractSizes):
        kind: str = "x"

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(SIZES, "mine", Mine)
        with pytest.raises(TypeError, match="Mine has a field 'kind'"):
            encode(Mine())


def test_a_type_that_configs_do_not_hold_is_a_mistake_in_the_program():
    with pytest.raises(TypeError, match="set"):
        encode({1})


@pytest.mark.parametrize(
    ("typed", "value"),
    [("12", 12), ("-3", -3), ("true", "true"), ("1.5", "1.5"), ("99" * 5000, None)],
)
def test_typed_integers(typed: str, value: int | str | None):
    if isinstance(value, int):
        assert decode(Setup, {"memory": {"kind": "hcam"}, "seed": Text(typed)}).seed == value
        return
    with pytest.raises(ConfigError, match="seed: expected an integer"):
        decode(Setup, {"memory": {"kind": "hcam"}, "seed": Text(typed)})


def test_typed_values_are_read_as_their_setting_has_it():
    typed = {"kind": "hcam", "width": Text("5"), "top_k": Text("none"), "gate": Text("True")}
    setup = decode(
        Setup, {"memory": typed, "dances": Text("a, b"), "size": Text("1,2"), "name": Text("3")}
    )
    assert setup == Setup(Hcam(width=5, gate=True), dances=("a", "b"), size=(1, 2), name="3")
    assert type(setup.name) is str
