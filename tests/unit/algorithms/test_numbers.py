"""A learner's numbers are arguments of the compiled program."""

from dataclasses import replace

import jax
import numpy as np
import pytest

from engrax.agents import ActorCriticSizes
from engrax.algorithms import A2C, IMPALA, PPO, Ramp
from engrax.algorithms.numbers import numbers_of, with_numbers
from engrax.envs import Recall
from engrax.memory import LSTMSizes
from engrax.runtime import Trainer

LEARNERS = (PPO(minibatches=2), IMPALA(minibatches=2), A2C(minibatches=2))
OTHER = {
    "learning_rate": 0.02,
    "learning_rate_ramp": Ramp(end=0.1, start=3, updates=7),
    "discount": 0.7,
    "reward_scale": 3.0,
    "entropy_cost": 0.2,
    "value_cost": 0.1,
    "max_gradient_norm": 9.0,
    "adam_epsilon": 1e-3,
}
OF_ITS_OWN = {
    PPO: {"clip": 0.4, "gae_lambda": 0.5},
    IMPALA: {"value_clip": 2.0},
    A2C: {"gae_lambda": 0.5},
}


def trainer(learner):
    sizes = ActorCriticSizes(memory=LSTMSizes.tiny(), hidden=4, reconstruction=False)
    game = Recall(delay=1)
    agent = sizes.build(game.interface, key=jax.random.key(0))
    return Trainer(agent, game, learner, streams=4, segment_length=5, key=jax.random.key(1))


def test_numbers_are_those_of_the_settings_and_back():
    numbers = numbers_of(PPO(clip=0.3, entropy_ramp=Ramp(end=0.5, start=2)))
    assert "epochs" not in numbers
    assert "only_effective" not in numbers
    assert numbers["clip"] == np.float32(0.3)
    assert {name: float(value) for name, value in numbers["entropy_ramp"].items()} == {
        "end": 0.5,
        "start": 2.0,
        "updates": 1000.0,
    }
    changed = with_numbers(PPO(epochs=7), numbers)
    assert changed.epochs == 7
    assert changed.clip == np.float32(0.3)
    assert changed.entropy_ramp.end == 0.5


@pytest.mark.parametrize("learner", LEARNERS, ids=lambda learner: type(learner).__name__)
def test_one_program_serves_all_numbers(learner):
    """Every number of a learner is another here, and the program is the same to the letter."""
    changed = replace(learner, **OTHER, **OF_ITS_OWN[type(learner)])
    programs = []
    for one in (learner, changed, replace(learner, epochs=3)):
        made = trainer(one)
        programs.append(made.try_out(made.init()).lower().as_text())
    assert programs[0] == programs[1]
    assert programs[0] != programs[2]


def test_numbers_that_are_given_are_learned_with():
    """A rate of almost nothing changes almost nothing."""
    for rate, least, most in ((1e-12, 0.0, 1e-9), (1e-2, 1e-4, 1.0)):
        made = trainer(PPO(learning_rate=rate, minibatches=2))
        state = made.init()
        before = np.array(state.learner.agent.value.layers[0].weight)
        after, metrics = made.update(state)
        change = np.abs(np.asarray(after.learner.agent.value.layers[0].weight) - before).max()
        assert least <= change <= most
        assert metrics["learning_rate"] == np.float32(rate)
