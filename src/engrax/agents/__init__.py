"""Agents under one contract, and their registry."""

from collections.abc import Callable
from typing import Any

from engrax.agents.actor_critic import ActorCritic, ActorCriticSizes, ReconstructionWeights
from engrax.agents.base import AbstractAgent
from engrax.agents.merlin import MERLIN, BoundWeights, MERLINSizes

AGENTS: dict[str, Callable[..., AbstractAgent[Any]]] = {"actor_critic": ActorCritic, "merlin": MERLIN}
"""Every agent by name: `AGENTS[name](observation_spec, num_actions, key=key)` makes one of small default size."""

__all__ = [
    "AGENTS",
    "MERLIN",
    "AbstractAgent",
    "ActorCritic",
    "ActorCriticSizes",
    "BoundWeights",
    "MERLINSizes",
    "ReconstructionWeights",
]
