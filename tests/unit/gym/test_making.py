"""Environments are made from all kinds of sources, or refused in one line."""

from dataclasses import replace

import gymnasium
import numpy as np
import pytest
from gymnasium.vector import SyncVectorEnv, VectorWrapper

from engrax.errors import ConfigError
from engrax.gym import host_environments
from engrax.gym.choosing import Workers
from engrax.gym.making import workers_by_timing
from engrax.gym.readings import ObservationOptions
from engrax.gym.task import GymnasiumTask
from engrax.types import Continuous, Discrete, MultiDiscrete, SymbolsSpec, TextSpec, VectorSpec

from unit.gym.environments import Counting, RememberPair, Talking, opened


def vector_of(num_envs, length=3):
    return VectorWrapper(SyncVectorEnv([lambda: Counting(length)] * num_envs))


def one_only(num_envs):
    return Counting()


def test_an_id():
    envs = host_environments("CartPole-v1", 3)
    assert envs.num_streams == 3
    assert envs.interface.observations == {"vector": VectorSpec(4)}
    assert envs.interface.actions == Discrete(2)
    assert host_environments("Pendulum-v1", 1).interface.actions == Continuous((-2.0,), (2.0,))


def test_an_id_whose_module_is_imported():
    envs = host_environments("unit.gym.environments:tests/RememberPair-v0", 2, {"delay": 1})
    assert envs.interface.actions == MultiDiscrete((3, 2))
    steps = [opened(envs, 0), *(envs.step(np.zeros((2, 2), np.int32)) for _ in range(3))]
    assert [step.last.all() for step in steps] == [False, False, False, True]


def test_a_function_an_environment_and_a_vector_environment():
    made = [
        host_environments(Counting, 2, {"length": 4}),
        host_environments(lambda: Counting(4), 2),
        host_environments(gymnasium.make("tests/Counting-v0", length=4), 2),
        host_environments(SyncVectorEnv([lambda: Counting(4)] * 2), 2),
        host_environments(vector_of, 2, {"length": 4}),
        host_environments(f"{__name__}:vector_of", 2, {"length": 4}),
        host_environments(Counting(4), 1),
    ]
    for envs in made:
        opened(envs, 0)
        last = [envs.step(np.zeros(envs.num_streams, np.int32)).last.all() for _ in range(5)]
        assert last == [False, False, False, True, False]


@pytest.mark.parametrize(
    ("source", "streams", "message"),
    [
        (
            "CartPoleX-v1",
            1,
            r"no environment 'CartPoleX-v1' is registered: did you mean .*CartPole-v1",
        ),
        ("Qwxyz-v0", 1, "is the package that registers it installed"),
        (
            "nowhere_at_all:A-v0",
            1,
            "nowhere_at_all, which cannot be imported.*pip install the package",
        ),
        ("not an id", 1, "no environment 'not an id'"),
        ("CartPole-v1", 0, "streams is 0, expected at least 1"),
        (Counting(), 2, "cannot be made again for further streams.*streams to 1"),
        (3, 1, "environment is 3, expected a Gymnasium id"),
        (dict, 1, "made dict, expected a gymnasium.Env"),
        (SyncVectorEnv([Counting, Counting]), 3, "streams is 3, but the vector environment has 2"),
        (one_only, 2, "has a parameter num_envs, but made Counting, expected a gymnasium.vector"),
    ],
)
def test_what_cannot_be_made(source, streams, message):
    with pytest.raises(ConfigError, match=message) as caught:
        host_environments(source, streams)
    assert "\n" not in str(caught.value)


def test_a_vector_environment_has_its_own_processes():
    for workers in (Workers(2), Workers(groups=2)):
        with pytest.raises(ConfigError, match="has its own processes: set workers to 0 and groups"):
            host_environments(vector_of, 2, workers=workers)
    assert workers_by_timing(vector_of, 2, {}) == 0


def test_keyword_arguments_that_do_not_fit():
    with pytest.raises(ConfigError, match=r"CartPole-v1 with \{'wrong': 1\} cannot be made.*wrong"):
        host_environments("CartPole-v1", 1, {"wrong": 1})


def test_a_suite_that_is_not_installed_is_named(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "popgym", None)
    with pytest.raises(ConfigError, match=r'needs popgym.*pip install "engrax\[suites\]"'):
        host_environments("popgym-RepeatPreviousEasy-v0", 1)


# Texts


def test_words_are_collected_by_playing():
    interface = host_environments(Talking, 1).interface
    words = ("2", "door", "go", "here", "red", "stay", "steps", "the", "to")
    assert interface.observations == {
        "0": TextSpec(5, ("<pad>", "<unknown>", *words)),
        "1": VectorSpec(3),
    }
    assert interface == host_environments(Talking, 1).interface


def test_words_can_be_given():
    envs = host_environments(
        Talking, 1, options=ObservationOptions(words=("go", "door"), text_length=2)
    )
    assert envs.interface.observations["0"] == TextSpec(2, ("<pad>", "<unknown>", "door", "go"))
    assert opened(envs, 0).observation["0"].tolist() == [[1, 1]]
    assert envs.step(np.zeros((1, 2), np.int32)).observation["0"].tolist() == [[3, 1]]


def test_a_vector_environment_needs_its_words_given():
    envs = VectorWrapper(SyncVectorEnv([Talking]))
    with pytest.raises(ConfigError, match="there are no words"):
        host_environments(envs, 1)
    host_environments(envs, 1, options=ObservationOptions(words=("go",), text_length=2))


# The task of an experiment


def test_a_task_with_its_words_settled():
    task = GymnasiumTask("unit.gym.environments:tests/RememberPair-v0", '{"delay": 2}')
    settled = task.settled()
    assert settled == replace(task, states_success=True)
    assert settled.settled() == settled
    envs = task.make(2)
    assert task.interface == envs.interface
    assert envs.num_streams == 2


def test_a_task_that_says_nothing_of_success():
    assert GymnasiumTask("CartPole-v1").settled() == GymnasiumTask("CartPole-v1")


@pytest.mark.parametrize("kwargs", ["{", "[1]", "3", "delay=2"])
def test_keyword_arguments_must_be_a_json_object(kwargs):
    with pytest.raises(ConfigError, match="expected a JSON object"):
        GymnasiumTask("CartPole-v1", kwargs)


# An environment of ours to try things with


def test_remember_pair_needs_a_memory():
    envs = host_environments(RememberPair, 50)
    shown, returns = opened(envs, 0), []
    cue = np.stack(
        [shown.observation[f"cue.{part}"][:, 0, 0, 0] for part in ("shape", "colour")], 1
    )
    for _ in range(5):
        shown = envs.step(np.maximum(cue.astype(np.int32) - 1, 0))
        returns.append(shown.reward)
    assert shown.last.all()
    assert np.sum(returns, 0).tolist() == [1.0] * 50
    assert shown.info["success"].all()


# Suites


def test_minigrid():
    pytest.importorskip("minigrid")
    task = GymnasiumTask("MiniGrid-MemoryS7-v0").settled()
    assert task.text_length == 11
    assert "matching" in task.words
    interface = task.make(1).interface
    assert interface.observations["image"] == SymbolsSpec(7, 7, (11, 6, 4))
    assert interface.observations["direction"] == SymbolsSpec(1, 1, (4,))
    assert interface.action_names[:3] == ("left", "right", "forward")
    envs = task.make(4)
    opened(envs, 0)
    numbers = np.random.default_rng(0)
    for _ in range(100):
        step = envs.step(interface.actions.draw(numbers, (4,)))
    assert step.observation["mission"].min() > 1


def test_baby_ai_says_more_than_its_space_lists():
    pytest.importorskip("minigrid")
    assert {"go", "to", "the", "ball", "key", "box"} <= set(
        GymnasiumTask("BabyAI-GoToObj-v0").settled().words
    )


@pytest.mark.parametrize(
    ("name", "actions"),
    [("RepeatPreviousEasy", Discrete(4)), ("BattleshipEasy", MultiDiscrete((8, 8)))],
)
def test_popgym(name, actions):
    pytest.importorskip("popgym")
    envs = host_environments(f"popgym-{name}-v0", 2)
    assert envs.interface.actions == actions
    opened(envs, 0)
    for action in actions.draw(np.random.default_rng(0), (60, 2)):
        envs.step(action)
