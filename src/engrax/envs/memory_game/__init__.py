"""The Memory Game: turn cards over, one a step, and find the pairs (Wayne et al. 2018)."""

from engrax.envs.memory_game.environment import MemoryGame, MemoryGameState
from engrax.envs.memory_game.players import PLAYERS, play_games
from engrax.envs.memory_game.strokes import glyphs

__all__ = ["PLAYERS", "MemoryGame", "MemoryGameState", "glyphs", "play_games"]
