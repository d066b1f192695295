"""A linear read-out finds what is there, and nothing that is not."""

import jax
import numpy as np
import pytest
from contract.reference_agents import Tracer
from contract.reference_worlds import StepByStep

from engrax.agents import MERLIN, ActorCritic, ActorCriticSizes, MERLINSizes
from engrax.envs import MemoryGame, Recall
from engrax.errors import UserError
from engrax.evaluation.readout import Sample, answers, read_out, with_constant
from engrax.gym.task import GymnasiumTask
from engrax.memory import LSTMSizes, NoMemorySizes, RetroactiveSizes
from engrax.testing.contract import quick_jit

GAME = MemoryGame(pairs=2)
TINY = MERLINSizes(latent=4, width=8, hidden=8, store=RetroactiveSizes(rows=7))


def sample(seed: int, steps: int = 400) -> Sample:
    """Two things to know, of three classes: the features have the first as a code only."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 3, (steps, 2))
    codes = np.array([[1.0, 5.0], [2.0, -1.0], [-4.0, 0.5]])
    known = rng.random((steps, 2)) < 0.7
    features = codes[labels[:, 0]] + 0.1 * rng.standard_normal((steps, 2))
    return with_constant(Sample(features, labels, known))


def merlin(task):
    return quick_jit(lambda key: MERLIN(task.interface, TINY, key=key))(jax.random.key(0))


def test_what_features_have_is_read_out_and_what_they_have_not_is_chance():
    fresh = sample(1)
    right = (answers(sample(0), fresh, 3) == fresh.labels).mean(axis=0)
    assert right[0] == 1.0
    assert abs(right[1] - 1 / 3) < 0.1


def test_steps_at_which_nothing_was_known_are_not_fitted():
    fitted, fresh = sample(0), sample(1)
    nonsense = fitted._replace(labels=np.where(fitted.known, fitted.labels, 2))
    np.testing.assert_array_equal(answers(nonsense, fresh, 3), answers(fitted, fresh, 3))


@pytest.mark.slow
def test_unseen_cards_are_guessed_and_the_same_seed_gives_the_same():
    agent = merlin(GAME)
    found = read_out(agent, GAME, streams=400, steps=14, seed=0)
    assert found.chance == 0.5
    assert found.steps == 200 * 14
    assert abs(found.unseen - 0.5) < 0.1
    assert read_out(agent, GAME, streams=400, steps=14, seed=0) == found


@pytest.mark.slow
def test_velocities_that_gymnasium_hides_are_found_in_a_memory_alone():
    """The signs of CartPole's velocities follow from two positions; any recurrence shows them."""
    task = GymnasiumTask(
        "engrax/CartPoleHidden-v0", question="hidden_positive", question_known="hidden_known"
    )

    def found(memory):
        sizes = ActorCriticSizes(memory=memory, hidden=4)
        agent = ActorCritic(task.interface, sizes, key=jax.random.key(0))
        return read_out(agent, task, streams=64, steps=16, seed=0)

    remembers, forgets = found(LSTMSizes(width=32)), found(NoMemorySizes(width=32))
    assert (remembers.steps, remembers.chance) == (32 * 16, 0.5)
    assert remembers.accuracy > forgets.accuracy + 0.1


@pytest.mark.slow
def test_an_agent_without_memory_knows_the_card_it_sees_at_most():
    sizes = ActorCriticSizes(memory=NoMemorySizes(width=8))
    agent = ActorCritic(GAME.interface, sizes, key=jax.random.key(0))
    found = read_out(agent, GAME, streams=200, steps=14, seed=0)
    assert found.accuracy < 0.8
    again = read_out(agent, StepByStep(GAME), streams=200, steps=14, seed=0)
    assert again == pytest.approx(found, abs=0.01)


def test_a_task_without_a_question_is_refused():
    with pytest.raises(UserError, match=r"this task has no question .*: choose one"):
        read_out(merlin(Recall()), Recall(), streams=2, steps=2, seed=0)


def test_an_agent_without_features_is_refused():
    class Mute(Tracer):
        interface = None

        def step(self, state, inp, *, key, greedy=False):
            return super().step(state, changed(inp), key=key, greedy=greedy)

        def unroll(self, state, inps, actions, keys):
            return super().unroll(state, changed(inps), actions, keys)

    with pytest.raises(UserError, match="Mute offers no features: give it a method `features`"):
        read_out(Mute(key=jax.random.key(0)), GAME, streams=2, steps=2, seed=0)


def changed(inp):
    """The inputs as `Tracer` takes them: a vector."""
    shape = (*inp.first.shape, 3)
    return type(inp)(
        {"vector": jax.numpy.ones(shape)}, inp.previous_action, inp.previous_reward, inp.first
    )
