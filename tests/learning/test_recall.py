"""Memories learn to recall a cue; without one, chance is all there is."""

import dataclasses

import pytest

from engrax.algorithms import PPO
from engrax.evaluation.rollout import play
from engrax.experiments import Experiment, HCAMMemory, LSTMMemory, NoneMemory, RecallTask

EXPERIMENT = Experiment(
    task=RecallTask(delay=6),
    memory=NoneMemory(width=32),
    learner=PPO(learning_rate=3e-3, entropy_cost=0.1, policy_mask="choice_phase"),
    streams=64,
    segment_length=18,
)
MEMORIES = {
    "hcam": HCAMMemory(width=32, num_heads=2, chunk_size=4, num_chunks=4, window=4, mlp_size=64),
    "lstm": LSTMMemory(width=32),
}
UPDATES = 300


def score(experiment):
    """The share of 500 fresh episodes that end well after training."""
    trainer = experiment.build()
    state = trainer.init()
    for _ in range(UPDATES):
        state, _ = trainer.update(state)
    return play(state.agent, trainer.environment, episodes=500, seed=1).returns.mean()


@pytest.mark.learn
@pytest.mark.parametrize("memory", MEMORIES)
def test_memories_learn_to_recall(memory):
    assert score(dataclasses.replace(EXPERIMENT, memory=MEMORIES[memory])) > 0.9


@pytest.mark.learn
def test_without_memory_there_is_chance():
    """Four standard errors of 500 guesses are 0.08."""
    assert abs(score(EXPERIMENT) - 0.25) < 0.08
