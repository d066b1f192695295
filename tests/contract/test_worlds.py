"""The laws of worlds: kept by ours, and seen to fail where a mistake is planted."""

from dataclasses import replace

import jax
import pytest

from engrax.agents import ActorCritic, ActorCriticSizes
from engrax.envs import Recall
from engrax.memory import LSTMSizes
from engrax.testing import WORLD_LAWS, ContractError, Settings, check_world, check_worlds_agree

from .reference_worlds import Counting, StepByStep

BUGS = {
    "integers": "specs_hold",
    "reward at first": "streams_follow_protocol",
    "same-step autoreset": "streams_follow_protocol",
    "endless": "streams_follow_protocol",
    "last takes an action": "last_ignores_action",
    "seeds ignored": "same_keys_same_steps",
    "streams share a seed": "streams_stay_apart",
}
SETTINGS = Settings(jax.random.key(0), steps=30)


class Off(StepByStep):
    """The same with a reward that differs."""

    def step(self, state, actions, keys):
        state, step = super().step(state, actions, keys)
        return state, replace(step, reward=step.reward + 0.5 * step.last.astype(step.reward.dtype))


def test_a_correct_host_world_passes():
    check_world(Counting(), steps=30)


def test_every_law_is_seen_to_fail():
    assert set(BUGS.values()) == set(WORLD_LAWS)


@pytest.mark.parametrize(("bug", "law"), BUGS.items())
def test_a_world_is_caught(bug, law):
    with pytest.raises(ContractError, match=f"law `{law}` is broken"):
        WORLD_LAWS[law](Counting(bug), SETTINGS)


@pytest.mark.slow
def test_worlds_of_our_tasks_pass_pure_and_step_by_step():
    check_world(Recall(delay=2), steps=40)
    check_world(StepByStep(Recall(delay=2)), steps=40)


@pytest.fixture(name="agent")
def made_agent():
    sizes = ActorCriticSizes(memory=LSTMSizes(width=4), hidden=4)
    return ActorCritic(Recall(delay=2).interface, sizes, key=jax.random.key(0))


def test_a_host_and_a_pure_world_of_one_task_give_the_same_segments(agent):
    check_worlds_agree(StepByStep(Recall(delay=2)), Recall(delay=2), agent)


def test_worlds_that_differ_are_caught(agent):
    with pytest.raises(ContractError, match=r"law `worlds_agree` is broken: segment 0, .*reward"):
        check_worlds_agree(Off(Recall(delay=2)), Recall(delay=2), agent)
