"""From names to experiments, and what is said of their parts."""

from dataclasses import dataclass, replace

import pytest

from engrax.agents import AbstractAgentSizes
from engrax.envs import Ballet
from engrax.errors import ConfigError
from engrax.experiments.presets import PRESETS
from engrax.gym.task import GymnasiumTask
from engrax.runs.building import (
    agent_name,
    build_trainer,
    describe_task,
    experiment_named,
    find_preset,
    memory_kind,
    task_name,
    task_with,
    updates_of,
)

DEBUG = PRESETS["debug"]


@dataclass(frozen=True, kw_only=True)
class Reactive(AbstractAgentSizes):
    """An agent of one's own, without memory or store."""

    def build(self, interface, *, key):
        raise NotImplementedError

    def tiny(self):
        return self


def test_titles_name_agents_and_tasks():
    assert agent_name(PRESETS["hcam-ballet-demo"]) == "hcam"
    assert agent_name(PRESETS["merlin-recall-debug"]) == "merlin"
    assert task_name(PRESETS["hcam-ballet-levels"].task) == "ballet"
    assert task_name(DEBUG.task) == "recall"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("hcam-balet-demo", "did you mean hcam-ballet-demo"),
        ("zzz", "unknown preset 'zzz'; `engrax list` describes all presets"),
        ("gymnasium:", "gymnasium: names no environment"),
        ("gymnasium:CartPol-v1", r"no environment 'CartPol-v1' is registered: did you mean CartPo"),
    ],
)
def test_a_name_of_nothing(name, message):
    with pytest.raises(ConfigError, match=message):
        experiment_named(name)


def test_the_name_of_an_environment_is_an_experiment_with_settings_changed():
    experiment = experiment_named("gymnasium:CartPole-v1", {"memory": "lstm", "updates": "7"})
    assert experiment.task == GymnasiumTask("CartPole-v1")
    assert (memory_kind(experiment), experiment.updates) == ("lstm", 7)


def test_steps_are_rounded_up_to_updates():
    an_update = DEBUG.streams * DEBUG.segment_length
    assert [updates_of(DEBUG, steps) for steps in (1, an_update, an_update + 1)] == [1, 1, 2]


def test_every_agent_s_memory_has_a_name():
    agents = [DEBUG.agent, PRESETS["merlin-recall-debug"].agent, Reactive()]
    kinds = [memory_kind(replace(DEBUG, agent=agent)) for agent in agents]
    assert kinds == ["hcam", "retroactive", "none"]


def test_a_task_is_described_with_its_defaults_resolved():
    task = Ballet(dance_delay=2)
    described = describe_task(task)
    assert (described["id"], described["dance_delay"]) == ("ballet", 2)
    assert described["max_steps"] == task.step_limit
    assert described["dances"] == list(task.repertoire)


def test_a_level_with_other_settings():
    experiment = find_preset("hcam-ballet-levels")
    assert task_with(experiment, {"dance_delay": "48"}) == Ballet(
        dance_delay=48, dances=("up_and_down", "left_and_right")
    )
    with pytest.raises(ConfigError, match=r"could not play this task: .* neither observations nor"):
        task_with(find_preset("hcam-ballet-laptop"), {"view": "pixels"})


def test_what_does_not_fit_into_memory_is_refused_before_it_is_taken():
    with pytest.raises(ConfigError, match=r"takes .* GB of this machine's .* choose fewer streams"):
        build_trainer(replace(DEBUG, streams=10**11))
