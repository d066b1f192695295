"""Learners: from segments to updated parameters."""

from engrax.algorithms.a2c import A2C
from engrax.algorithms.base import AbstractLearner, Batch, Ramp, Terms
from engrax.algorithms.impala import IMPALA
from engrax.algorithms.learning import update
from engrax.algorithms.optimiser import make_optimiser
from engrax.algorithms.ppo import PPO
from engrax.algorithms.transport import Transport

LEARNERS: dict[str, type[AbstractLearner]] = {"a2c": A2C, "impala": IMPALA, "ppo": PPO}
"""The settings of every learner by name; other packages may add to it."""

__all__ = [
    "A2C",
    "IMPALA",
    "LEARNERS",
    "PPO",
    "AbstractLearner",
    "Batch",
    "Ramp",
    "Terms",
    "Transport",
    "make_optimiser",
    "update",
]
