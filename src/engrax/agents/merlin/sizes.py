"""Sizes, weights and ablations of MERLIN."""

from dataclasses import dataclass, field
from typing import Literal

from engrax.nn.encoders import EncoderSizes
from engrax.types import ImageSpec, Spec, SymbolsSpec, TextSpec, VectorSpec


@dataclass(frozen=True)
class BoundWeights:
    """How much each term of the variational bound and of the return prediction counts; 0 leaves a sense out.

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
    """Half the squared error of the return predicted from the action as well."""

    def of(self, spec: Spec) -> float:
        """The weight of a modality."""
        match spec:
            case ImageSpec():
                return self.image
            case SymbolsSpec():
                return self.symbols
            case TextSpec():
                return self.text
            case VectorSpec():
                return self.vector


@dataclass(frozen=True)
class MERLINSizes:
    """Sizes of MERLIN, the weights of what it predicts, and the settings that take parts of it away."""

    kind: Literal["merlin"] = "merlin"
    encoders: EncoderSizes = field(default_factory=lambda: EncoderSizes(symbols="softmax"))
    """Sizes of encoders and decoders."""
    latent: int = 32
    """Width of z, what is inferred of a step; rows of the memory are twice as wide."""
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
    key_hears_latent: bool = False
    """Whether the policy's key is made of z too, and starts as z: what is like the present is read. Not the paper's."""
    reconstruction: bool = True
    """Whether z must tell what was sensed; false is the ablation without reconstruction."""
    return_shapes_latent: bool = True
    """Whether the gradient of the return prediction reaches z; false is an ablation."""
    policy_shapes_latent: bool = False
    """Whether the gradient of the policy reaches z; true is an ablation."""
