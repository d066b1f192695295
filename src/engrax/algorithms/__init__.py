"""Learners: from segments to updated parameters."""

from engrax.algorithms.optimiser import make_optimiser
from engrax.algorithms.ppo import PPO

__all__ = ["PPO", "make_optimiser"]
