"""Ballet: watch dances, then find the dancer whose dance is named (Lampinen et al. 2021)."""

from engrax.envs.ballet.environment import Ballet
from engrax.envs.ballet.levels import LEVELS, ballet_level
from engrax.envs.ballet.stage import BalletState, Cast
from engrax.envs.ballet.tables import DANCES, VOCABULARY

__all__ = [
    "DANCES",
    "LEVELS",
    "VOCABULARY",
    "Ballet",
    "BalletState",
    "Cast",
    "ballet_level",
]
