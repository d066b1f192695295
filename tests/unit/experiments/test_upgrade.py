"""Configs of earlier formats: published results are read, and formats of the future refused."""

import copy
import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engrax.agents import ActorCriticSizes, MERLINSizes
from engrax.algorithms import A2C, IMPALA, PPO
from engrax.envs import MemoryGame, Recall
from engrax.errors import ConfigError
from engrax.experiments.codec import decode, encode
from engrax.experiments.config import Experiment
from engrax.experiments.upgrade import FORMAT, upgrade
from engrax.memory import LSTMSizes, RetroactiveSizes, RLMEMSizes
from engrax.runtime import Placement

RESULTS = Path(__file__).parents[3] / "results"
PUBLISHED = sorted(path.parent.name for path in RESULTS.glob("*/config.json"))

FIRST: dict[str, Any] = {
    "preset": "mine",
    "experiment": {
        "task": {"kind": "recall", "delay": 3},
        "memory": {"kind": "rl_mem", "width": 16, "store": {"kind": "retroactive", "rows": 12}},
        "agent": {"kind": "actor_critic", "hears_past": False, "heads_hear_past": True},
        "learner": {
            "kind": "ppo",
            "trace": 0.5,
            "policy_mask": "choice_phase",
            "value_masked": True,
        },
        "updates": 7,
    },
}
MERLINS: dict[str, Any] = {
    "task": {"kind": "memory_game", "pairs": 2},
    "memory": {"kind": "retroactive", "rows": 12},
    "agent": {"kind": "merlin", "key_hears_latent": True},
    "learner": {"kind": "a2c", "trace": 0.5, "policy_mask": "", "value_masked": True},
}

UNDIVIDED = Placement(devices=1, acting_tile=64, learning_tile=64)
"""What a run of an earlier format was, with 64 streams."""


def read(config: dict[str, Any]) -> Experiment:
    return decode(Experiment, upgrade(config)["experiment"])


def leaves(value: Any, path: str = "") -> dict[str, Any]:
    inner = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else None
    )
    if inner is None:
        return {path: value}
    return {
        name: leaf for key, item in inner for name, leaf in leaves(item, f"{path}.{key}").items()
    }


def test_there_are_results_to_read():
    assert len(PUBLISHED) >= 7


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_results_are_read_as_they_were(name: str):
    config = json.loads((RESULTS / name / "config.json").read_text())
    upgraded = upgrade(config)
    assert upgraded["format"] == FORMAT
    assert {**upgraded, "experiment": 0} == {**config, "experiment": 0, "format": FORMAT}
    experiment = decode(Experiment, upgraded["experiment"])
    encoded = encode(experiment)
    assert leaves(upgraded["experiment"]).items() <= leaves(encoded).items()
    assert decode(Experiment, encoded) == experiment
    assert upgrade({"format": FORMAT, "experiment": encoded})["experiment"] == encoded


def test_an_actor_critic_of_the_first_format():
    memory = RLMEMSizes(width=16, store=RetroactiveSizes(rows=12))
    assert read(FIRST) == Experiment(
        task=Recall(3),
        agent=ActorCriticSizes(memory=memory, past_in_memory=False, past_in_heads=True),
        learner=PPO(gae_lambda=0.5, only_effective=True, value_only_effective=True),
        updates=7,
        placement=UNDIVIDED,
    )


def test_a_merlin_of_the_first_format():
    assert read({"experiment": MERLINS}) == Experiment(
        task=MemoryGame(2),
        agent=MERLINSizes(store=RetroactiveSizes(rows=12), latent_in_key=True),
        learner=A2C(gae_lambda=0.5),
        placement=UNDIVIDED,
    )


def test_what_was_left_out_takes_its_default():
    data = {
        "task": {"kind": "recall"},
        "memory": {"kind": "lstm"},
        "learner": {"kind": "impala", "trace": 0.9},
    }
    expected = Experiment(
        task=Recall(),
        agent=ActorCriticSizes(memory=LSTMSizes()),
        learner=IMPALA(trace_lambda=0.9),
        updates=9,
        placement=UNDIVIDED,
    )
    assert read({"experiment": {**data, "updates": 9}}) == expected


def test_runs_of_the_second_format_go_on_undivided():
    """On one device, and all streams at once: what they were made with."""
    encoded = encode(Experiment(task=Recall(3), streams=32))
    del encoded["placement"]
    placement = read({"format": 2, "experiment": encoded}).placement
    assert placement == Placement(devices=1, acting_tile=32, learning_tile=32)


def test_the_config_that_is_given_is_not_changed():
    before = copy.deepcopy(FIRST)
    upgrade(FIRST)
    assert before == FIRST


def test_todays_format_stays_as_it_is():
    config = {"format": FORMAT, "experiment": encode(read(FIRST)), "preset": "x"}
    assert upgrade(config) == config


@pytest.mark.parametrize(
    ("found", "message"),
    [
        (
            FORMAT + 1,
            f"format: this is format {FORMAT + 1}, expected at most {FORMAT}: install a newer",
        ),
        (0, f"format: expected an integer from 1 to {FORMAT}, got 0"),
        ("2", f"format: expected an integer from 1 to {FORMAT}, got '2'"),
        (True, "format: expected an integer"),
        (2.0, "format: expected an integer"),
        (None, "format: expected an integer"),
    ],
)
def test_unknown_formats_are_refused(found: object, message: str):
    with pytest.raises(ConfigError) as error:
        upgrade({**FIRST, "format": found})
    assert str(error.value).startswith(message)


@pytest.mark.parametrize("mask", ["my_flag", 3, None, ["choice_phase"]])
def test_a_mask_without_counterpart_is_refused(mask: object):
    config = copy.deepcopy(FIRST)
    config["experiment"]["learner"]["policy_mask"] = mask
    with pytest.raises(ConfigError, match=r"policy_mask: .* has no counterpart"):
        upgrade(config)


plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=4)
    | st.sampled_from(["merlin", "ppo", "retroactive"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "experiment",
                    "agent",
                    "memory",
                    "store",
                    "learner",
                    "kind",
                    "policy_mask",
                    "trace",
                ]
            ),
            inner,
        )
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(["experiment", "format", "preset"]), plain))
def test_any_json_is_upgraded_or_refused(config: dict[str, Any]):
    with suppress(ConfigError):
        upgraded = upgrade(config)
        assert upgraded["format"] == FORMAT
        json.dumps(upgraded)
