"""Agents under one contract, and their registry."""

from collections.abc import Callable
from typing import Any

from engrax.agents.actor_critic import ActorCritic, ActorCriticSizes, ReconstructionWeights
from engrax.agents.base import AbstractAgent

AGENTS: dict[str, Callable[..., AbstractAgent[Any]]] = {"actor_critic": ActorCritic}
"""Every agent by name: `AGENTS[name](observation_spec, num_actions, key=key)` makes one of small default size."""

__all__ = ["AGENTS", "AbstractAgent", "ActorCritic", "ActorCriticSizes", "ReconstructionWeights"]
