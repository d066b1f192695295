"""Agents under one contract, each beside its settings, and their registry."""

from engrax.agents.actor_critic import ActorCritic, ActorCriticSizes, ReconstructionWeights
from engrax.agents.base import AbstractAgent, AbstractAgentSizes
from engrax.agents.merlin import MERLIN, BoundWeights, MERLINSizes

AGENTS: dict[str, type[AbstractAgentSizes]] = {
    "actor_critic": ActorCriticSizes,
    "merlin": MERLINSizes,
}
"""The settings of every agent by name: `AGENTS[name]().build(interface, key=key)` makes one.

It is open: a package adds its own agent with `AGENTS["mine"] = MySizes`.
"""

__all__ = [
    "AGENTS",
    "MERLIN",
    "AbstractAgent",
    "AbstractAgentSizes",
    "ActorCritic",
    "ActorCriticSizes",
    "BoundWeights",
    "MERLINSizes",
    "ReconstructionWeights",
]
