"""Memories learn to recall a cue; without one there is chance; over a long delay only HCAM does."""

import pytest

from engrax.agents import ActorCriticSizes
from engrax.algorithms import IMPALA, PPO, AbstractLearner
from engrax.envs import Recall
from engrax.evaluation.play import play
from engrax.experiments.config import Experiment
from engrax.memory import HCAMSizes, LSTMSizes, NoMemorySizes

SHORT, LONG = 6, 60
"""Steps between the cue and the query."""
UPDATES = 200
CHANCE = 0.25
MEMORIES = {
    "hcam": HCAMSizes(width=32, num_heads=2, chunk_size=8, num_chunks=16, window=8, mlp_size=64),
    "lstm": LSTMSizes(width=32),
    "none": NoMemorySizes(width=32),
}
LEARNER = PPO(learning_rate=3e-3, entropy_cost=0.1, only_effective=True)


def score(memory: str, delay: int, learner: AbstractLearner = LEARNER) -> float:
    """The share of 500 fresh episodes that succeed after training, whose segments are longer."""
    experiment = Experiment(
        task=Recall(delay=delay),
        agent=ActorCriticSizes(memory=MEMORIES[memory]),
        learner=learner,
        streams=64,
        segment_length=max(18, delay + 8),
    )
    trainer = experiment.build()
    state = trainer.init()
    for _ in range(UPDATES):
        state, _ = trainer.update(state)
    played = play(state.learner.agent, trainer.world, episodes=500, seed=1)
    result, steps = float(played.returns.mean()), trainer.environment_steps(UPDATES)
    print(f"{memory}, delay {delay}, {type(learner).__name__}: {result:.3f} after {steps:,} steps")
    return result


@pytest.mark.learn
@pytest.mark.parametrize("memory", ["hcam", "lstm"])
def test_memories_learn_to_recall(memory):
    assert score(memory, SHORT) > 0.9


@pytest.mark.learn
def test_v_trace_learns_to_recall():
    learner = IMPALA(learning_rate=3e-3, epochs=2, entropy_cost=0.1, only_effective=True)
    assert score("lstm", SHORT, learner) > 0.9


@pytest.mark.learn
@pytest.mark.parametrize("delay", [SHORT, LONG])
def test_without_memory_there_is_chance(delay):
    """Four standard errors of 500 guesses are 0.08."""
    assert abs(score("none", delay) - CHANCE) < 0.08


@pytest.mark.learn
def test_hcam_recalls_over_a_delay_at_which_an_lstm_fails_in_the_same_budget():
    assert score("hcam", LONG) > 0.9
    assert score("lstm", LONG) < CHANCE + 0.08
