"""The settings of the actor-critic."""

from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from jaxtyping import Array, Key

from engrax.agents.base import AbstractAgent, AbstractAgentSizes
from engrax.agents.scaling import Normalisation
from engrax.memory import AbstractMemorySizes, HCAMSizes
from engrax.nn.senses import EncoderSizes, KindWeights
from engrax.types import Interface


@dataclass(frozen=True)
class ReconstructionWeights(KindWeights):
    """Weight of the reconstruction of each kind of observation in the loss; 0 turns it off."""

    image: float = 1.0
    """Sigmoid cross-entropy, averaged over pixels."""
    symbols: float = 1.0
    """Half the squared error of binary digits (or softmax cross-entropy), summed over squares and
    features.
    """
    text: float = 0.1
    """Softmax cross-entropy, averaged over tokens."""
    vector: float = 1.0
    """Half the squared error, averaged over components."""


@dataclass(frozen=True, kw_only=True)
class ActorCriticSizes(AbstractAgentSizes):
    """Sizes of an actor-critic, its memory, and its self-supervision."""

    tile_steps: ClassVar[int | None] = 512
    memory: AbstractMemorySizes = field(default_factory=HCAMSizes)
    """The memory."""
    encoders: EncoderSizes = field(default_factory=EncoderSizes)
    """Sizes of the encoders."""
    hidden: int = 64
    """Hidden units of the policy's and of the value's MLP."""
    normalise: Normalisation = field(default_factory=Normalisation)
    """What is scaled by statistics of the training."""
    past_in_memory: bool = True
    """Whether the previous action and reward are inputs of the memory; where actions have no effect
    they are noise.
    """
    past_in_heads: bool = False
    """Whether they are inputs of policy and value, beside the memory's output."""
    spatial_attention: int = 0
    """Heads of attention over the squares or tiles of the present view, with the memory's output as
    the query; policy and value have what is read as inputs. With 0 there is none.
    """
    reconstruction: bool = True
    """Whether the memory's output must reconstruct the present observation."""
    weights: ReconstructionWeights = field(default_factory=ReconstructionWeights)
    """Weights of the reconstruction's parts."""
    action_value: float = 0.0
    """Weight of predicting, from the memory's output, the return of the action taken; 0 leaves it
    out. Ours.
    """

    def build(self, interface: Interface, *, key: Key[Array, ""]) -> AbstractAgent[Any]:
        """The agent."""
        from engrax.agents.actor_critic.agent import ActorCritic

        return ActorCritic(interface, self, key=key)

    def tiny(self) -> "ActorCriticSizes":
        """Everything small, the memory included."""
        encoders = self.encoders.tiny()
        return replace(self, memory=self.memory.tiny(), encoders=encoders, hidden=8)
