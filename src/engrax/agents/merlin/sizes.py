"""Sizes, weights and ablations of MERLIN."""

from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from jaxtyping import Array, Key

from engrax.agents.base import AbstractAgent, AbstractAgentSizes
from engrax.agents.scaling import Normalisation
from engrax.memory import RetroactiveSizes
from engrax.nn.senses import EncoderSizes, KindWeights
from engrax.types import Interface


@dataclass(frozen=True)
class BoundWeights(KindWeights):
    """Weights of the variational bound's terms and of the return prediction; 0 turns a term off.

    All modalities of a kind (image, symbols, text, vector) count alike, whatever they are called.
    """

    image: float = 1.0
    """Bernoulli cross-entropy in nats, summed over pixels and channels."""
    symbols: float = 30.0
    """Softmax cross-entropy in nats, summed over squares and features."""
    text: float = 1.0
    """Softmax cross-entropy in nats, summed over tokens."""
    vector: float = 1.0
    """Half the squared error, summed over components."""
    action: float = 5.0
    """Softmax cross-entropy of the previous action, in nats."""
    reward: float = 1.0
    """Half the squared error of the previous reward."""
    divergence: float = 1.0
    """KL divergence of the posterior from the prior, in nats; 0 is the ablation without it."""
    advantage: float = 1.0
    """Half the squared error of the return predicted with the action."""


@dataclass(frozen=True, kw_only=True)
class MERLINSizes(AbstractAgentSizes):
    """Sizes of MERLIN, its store, the weights of what it predicts, and the settings of its
    ablations.
    """

    held: ClassVar[str] = "retroactive"

    store: RetroactiveSizes = field(default_factory=RetroactiveSizes)
    """The store that z is written into."""
    encoders: EncoderSizes = field(default_factory=lambda: EncoderSizes(symbols="softmax"))
    """Sizes of encoders and decoders."""
    normalise: Normalisation = field(default_factory=Normalisation)
    """What is scaled by statistics of the training."""
    past_scale: float = 1.0
    """Factor on the previous action and reward as inputs of the posterior: they are a few numbers
    among the hundreds or thousands of a view. Ours."""
    latent: int = 32
    """Width of the latent z; rows of the memory are twice as wide."""
    width: int = 128
    """Width of each LSTM layer."""
    layers: int = 2
    """LSTM layers of the predictor and of the policy, each."""
    heads: int = 3
    """Keys with which the predictor reads; the policy has one."""
    hidden: int = 64
    """Hidden units of the policy's, the value's and the advantage's MLP."""
    weights: BoundWeights = field(default_factory=BoundWeights)
    """Weights of the losses."""
    sampled: bool = True
    """Whether z is sampled from a posterior that corrects a prior; false: z is a function of the
    observation and of [h, m], without a divergence, as in RMA."""
    latent_in_key: bool = False
    """Whether z is an input of the policy's key, which then starts as z. Ours."""
    reconstruction: bool = True
    """Whether z must reconstruct the observation; false is the ablation without reconstruction."""
    return_shapes_latent: bool = True
    """Whether the gradient of the return prediction reaches z and memory; false is an ablation."""
    memory_in_value: bool = False
    """Whether V receives m, the predictor's reads, beside z, so that the return teaches it what to
    read. Ours."""
    policy_shapes_latent: bool = False
    """Whether the gradient of the policy reaches z; true is an ablation."""

    def build(self, interface: Interface, *, key: Key[Array, ""]) -> AbstractAgent[Any]:
        """The agent."""
        from engrax.agents.merlin.agent import MERLIN

        return MERLIN(interface, self, key=key)

    def tiny(self) -> "MERLINSizes":
        """Everything small, the store included."""
        encoders = self.encoders.tiny()
        return replace(
            self, store=self.store.tiny(), encoders=encoders, hidden=8, latent=4, width=8
        )
