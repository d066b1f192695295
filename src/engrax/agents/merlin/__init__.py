"""MERLIN: memory, reinforcement learning and inference network (Wayne et al. 2018, arXiv
1803.10760).
"""

from engrax.agents.merlin.agent import MERLIN, MERLINAuxiliary
from engrax.agents.merlin.core import Core, CoreState, Percept, PredictorOutput
from engrax.agents.merlin.inference import (
    AbstractInference,
    FunctionInference,
    SampledInference,
)
from engrax.agents.merlin.senses import Senses
from engrax.agents.merlin.sizes import BoundWeights, MERLINSizes

__all__ = [
    "MERLIN",
    "AbstractInference",
    "BoundWeights",
    "Core",
    "CoreState",
    "FunctionInference",
    "MERLINAuxiliary",
    "MERLINSizes",
    "Percept",
    "PredictorOutput",
    "SampledInference",
    "Senses",
]
