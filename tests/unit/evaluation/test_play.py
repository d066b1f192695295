"""Evaluation plays whole episodes, the same ones for the same seed, in any world."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from contract.reference_worlds import StepByStep

from engrax.agents import AbstractAgent
from engrax.agents.base import choose
from engrax.envs import Recall
from engrax.evaluation.play import play
from engrax.nn.policies import Categorical
from engrax.types import AgentOutput


class Player(AbstractAgent):
    """Remembers the cue that was marked, and names it with some certainty."""

    certainty: jax.Array

    def init_state(self):
        return jnp.zeros(4)

    def step(self, state, inp, *, key, greedy=False):
        seen = inp.observation["vector"]
        state = jnp.where(seen[0] > 0, seen[2:], jnp.where(inp.first, 0.0, state))
        policy = Categorical(self.certainty * state)
        return state, choose(key, policy, greedy), AgentOutput(policy, jnp.zeros(()), ())

    def unroll(self, state, inps, actions, keys):
        raise NotImplementedError


def player(certainty):
    return Player(jnp.asarray(certainty))


@pytest.mark.slow
def test_a_perfect_player_scores_1_and_a_guesser_chance():
    perfect = play(player(1e3), Recall(delay=3), episodes=300, seed=0)
    assert perfect.returns.shape == (300,)
    assert np.all(perfect.returns == 1)
    assert np.all(perfect.successes)
    assert np.all(perfect.lengths == 3 + 3)
    guesser = play(player(0.0), Recall(delay=3), episodes=600, seed=0)
    assert abs(guesser.returns.mean() - 0.25) < 4 * (0.25 * 0.75 / 600) ** 0.5


def test_greedy_takes_the_likeliest_action():
    assert np.all(play(player(0.1), Recall(delay=1), episodes=50, seed=0, greedy=True).returns == 1)
    assert not np.all(play(player(0.1), Recall(delay=1), episodes=50, seed=0).returns == 1)


@pytest.mark.slow
def test_a_seed_names_the_episodes():
    results = [
        play(player(1.0), Recall(delay=1), episodes=40, seed=seed).returns for seed in (3, 3, 4)
    ]
    np.testing.assert_array_equal(results[0], results[1])
    assert np.any(results[0] != results[2])


class Silent(Recall):
    """A task that does not say what success is."""

    def observe(self, state):
        step = super().observe(state)
        return eqx.tree_at(lambda s: s.info, step, {})


class Varied(Recall):
    """Its episodes take 5, 6, 7 or 8 steps."""

    def is_last(self, state):
        return state.time >= 4 + state.cue


def test_a_world_that_is_stepped_on_the_host_plays_the_same_episodes():
    for greedy in (False, True):
        settings = {"episodes": 7, "seed": 2, "greedy": greedy}
        pure, host = (
            play(player(1.0), world, **settings) for world in (Varied(), StepByStep(Varied()))
        )
        for got, expected in zip(jax.tree.leaves(host), jax.tree.leaves(pure), strict=True):
            np.testing.assert_array_equal(got, expected)
        assert len(set(pure.lengths.tolist())) > 1


def test_progress_is_the_number_of_episodes_played():
    played = []
    play(player(1.0), StepByStep(Recall(delay=1)), episodes=40, seed=0, progress=played.append)
    assert played == [32, 40]


def test_success_is_none_where_the_task_does_not_state_it():
    assert play(player(1.0), Silent(delay=1), episodes=3, seed=0).successes is None


def test_no_episodes_is_an_error():
    with pytest.raises(ValueError, match="episodes is 0"):
        play(player(1.0), Recall(delay=1), episodes=0, seed=0)
