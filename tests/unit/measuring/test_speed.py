"""What is measured of a trainer, in pure and host worlds."""

import jax
import pytest
from contract.reference_worlds import StepByStep

from engrax.agents import ActorCriticSizes
from engrax.algorithms import PPO
from engrax.envs import Recall
from engrax.measuring import speed
from engrax.measuring.flops import acting_flops, learning_flops
from engrax.measuring.speed import Speed, flops_per_step, measure
from engrax.memory import NoMemorySizes
from engrax.runtime import Pure, Trainer

TASK = Recall(delay=2)


def test_utilisation_is_the_share_of_the_products_rate():
    found = Speed(1000.0, 0.1, 0.3, 0.6, flops_per_step=2_000_000, product_flops=8e9)
    assert found.utilisation == pytest.approx(0.25)


def make_trainer(world=TASK):
    sizes = ActorCriticSizes(memory=NoMemorySizes(width=4), hidden=4)
    agent = sizes.build(TASK.interface, key=jax.random.key(0))
    settings = {"streams": 4, "segment_length": 5, "key": jax.random.key(1)}
    return Trainer(agent, world, PPO(minibatches=1, epochs=3), **settings)


def test_a_step_costs_acting_once_and_learning_once_an_epoch():
    trainer = make_trainer()
    once = acting_flops(trainer.agent, TASK.interface)
    each = learning_flops(trainer.agent, TASK.interface)
    assert flops_per_step(trainer) == once + 3 * each


@pytest.mark.slow
@pytest.mark.parametrize("world", [Pure(TASK), StepByStep(TASK)], ids=["pure", "host"])
def test_a_trainer_is_measured_in_any_world(world, monkeypatch):
    monkeypatch.setattr(speed, "PRODUCT_SIZE", 32)
    trainer = make_trainer(world)
    *_, last = found = list(measure(trainer, rounds=2))
    assert len(found) == 2
    assert last.steps_per_second >= found[0].steps_per_second > 0
    assert last.environment + last.acting + last.learning == pytest.approx(1.0)
    assert min(last.environment, last.acting, last.learning) >= 0
    assert last.flops_per_step == flops_per_step(trainer)
    assert last.product_flops > 0
