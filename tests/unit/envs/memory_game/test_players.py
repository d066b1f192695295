"""Scripted players score what the specification says: the game needs a memory."""

import jax
import numpy as np
import pytest

from engrax.envs import MemoryGame
from engrax.envs.memory_game import PLAYERS, play_games

GAMES = 30_000
SCORES = {  # mean returns in 30,000 games, rounded
    3: (1.02, 1.40, 1.77, 3.00),
    4: (1.09, 1.46, 1.77, 4.00),
    6: (1.20, 1.48, 1.67, 6.00),
    8: (1.27, 1.50, 1.60, 8.00),
}


def scores(pairs, player, games=GAMES, seed=0):
    game = MemoryGame(pairs)
    keys = jax.random.split(jax.random.key(seed), games)
    return np.asarray(jax.jit(lambda keys: play_games(game, PLAYERS[player], keys))(keys))


@pytest.mark.parametrize("player", PLAYERS)
@pytest.mark.parametrize(
    "pairs", [3, *(pytest.param(pairs, marks=pytest.mark.slow) for pairs in (4, 6, 8))]
)
def test_scores(pairs, player):
    expected = SCORES[pairs][list(PLAYERS).index(player)]
    found = scores(pairs, player)
    if player == "perfect_memory":
        assert (found == pairs).all()
        return
    error = found.std() * np.sqrt(2 / GAMES)  # both are samples of as many games
    assert abs(found.mean() - expected) < 4 * error + 0.005  # rounded to 0.01


@pytest.mark.slow
@pytest.mark.parametrize("pairs", [1, 2, 5, 7])
def test_a_perfect_memory_finds_all_pairs_in_games_of_other_sizes(pairs):
    assert (scores(pairs, "perfect_memory", games=2000) == pairs).all()


def test_two_cards_are_counted_by_hand():
    """Three flips of two cards score unless all are of one card; no pair is left after one."""
    found = scores(1, "any_card")
    assert abs(found.mean() - 3 / 4) < 4 * np.sqrt(3 / 16 / GAMES)
    assert (scores(1, "another_card_left", games=100) == 1).all()
