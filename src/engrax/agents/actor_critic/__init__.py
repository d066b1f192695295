"""An actor-critic with any memory. All memories except MERLIN's store are used with this agent."""

from engrax.agents.actor_critic.agent import ActorCritic, key_for_memory
from engrax.agents.actor_critic.sizes import ActorCriticSizes, ReconstructionWeights

__all__ = ["ActorCritic", "ActorCriticSizes", "ReconstructionWeights", "key_for_memory"]
