"""Learners: from segments to updated parameters."""

from engrax.algorithms.a2c import A2C
from engrax.algorithms.base import AbstractLearner, Ramp
from engrax.algorithms.impala import IMPALA
from engrax.algorithms.learning import update
from engrax.algorithms.optimiser import make_optimiser
from engrax.algorithms.ppo import PPO

__all__ = ["A2C", "IMPALA", "PPO", "AbstractLearner", "Ramp", "make_optimiser", "update"]
