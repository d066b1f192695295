"""Base classes and settings of encoders and decoders."""

import abc
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from engrax.nn.linear import apply
from engrax.types import Spec


@dataclass(frozen=True)
class EncoderSizes:
    """Sizes of encoders and decoders."""

    image: Literal["tile", "mosaic", "resnet"] = "tile"
    """The image encoder: `tile` (a CNN with a first kernel of one tile), `mosaic` (the features of
    each tile and their sum over tiles) or `resnet`."""
    tile: int = 9
    """Pixels along a tile's edge, for the `tile` and `mosaic` encoders and for decoding images; an
    image that tiles do not fill is padded."""
    image_features: int = 256
    """Features of an image; with `mosaic`, of each tile."""
    overlay: float = 10.0
    """Weight of the overlay (the maximum over all tiles) in `mosaic`'s decoder; each tile has
    weight 1.
    """
    symbols: Literal["digits", "softmax"] = "digits"
    """Which decoder of symbols, `digits` (cheap) or `softmax` (a likelihood)."""
    symbol_embedding: int = 8
    """Width of the embedding of a square."""
    attribute_scale: float = 0.1
    """Size at first of the embeddings of attributes, such as a colour, beside those of kinds."""
    filter_size: int = 3
    """Squares along the edge of the shared filter over a grid of symbols."""
    whole_grid: bool = False
    """Whether a grid that the filter's blocks do not fill is padded; else its margins are left out.
    """
    filter_channels: int = 32
    """Channels of that filter."""
    text_embedding: int = 32
    """Width of a word's embedding and of the LSTM over the sentence."""
    text_scale: float = 1.0
    """Factor on the features of a sentence, which are few beside those of an image."""
    sum_scale: float = 1.0
    """Factor on the sum over the parts of an image, beside the features of each part."""
    vector_features: int = 64
    """Features of a vector."""
    part_features: int = 16
    """Features of a square or a tile in spatial attention."""

    def tiny(self) -> "EncoderSizes":
        """The same encoders with few features."""
        return replace(
            self, image_features=16, filter_channels=4, text_embedding=4, part_features=4
        )


class KindWeights:
    """Weights of losses with a field for each kind of observation, such as `image`."""

    def of(self, spec: Spec) -> float:
        """The weight of an observation, by its kind; 1 for a kind that another package adds."""
        return getattr(self, spec.kind, 1.0)


class AbstractEncoder(eqx.Module):
    """Maps `[*n, *observation]` to `[*n, output_size]`."""

    output_size: eqx.AbstractVar[int]

    @abc.abstractmethod
    def __call__(self, observation: Array) -> Float[Array, "*n e"]:
        """Encodes; leading axes stay."""


class AbstractDecoder(eqx.Module):
    """Maps `[*n, d]` to predictions of an observation, and compares them with one.

    Attributes:
        terms: how many terms `loss` is the mean of; 1 where it is their sum.
    """

    terms: eqx.AbstractVar[int]

    @abc.abstractmethod
    def __call__(self, h: Float[Array, "*n d"]) -> Float[Array, "..."]:
        """Predicts; leading axes stay."""

    @abc.abstractmethod
    def loss(self, prediction: Float[Array, "..."], observation: Array) -> Float[Array, "*n"]:
        """The cost of each observation under its prediction."""

    def likeliest(self, prediction: Float[Array, "..."]) -> Array | None:
        """The observation that a prediction fits best; None where that is not known."""
        del prediction
        return None

    def cost(self, h: Float[Array, "*n d"], observation: Array) -> Float[Array, "*n"]:
        """The cost of each observation as predicted from `h`, summed over all its terms: in nats,
        of likelihoods.
        """
        return self.terms * self.loss(self(h), observation)


class AbstractParts(eqx.Module):
    """Maps `[*n, *observation]` to features of its parts, `[*n, number, features]`.

    Attributes:
        number: of parts.
        features: of each part.
    """

    number: eqx.AbstractVar[int]
    features: eqx.AbstractVar[int]

    @abc.abstractmethod
    def __call__(self, observation: Array) -> Float[Array, "*n p e"]:
        """The features of each part; leading axes stay."""


class Sense(NamedTuple):
    """How one kind of observation is encoded and decoded.

    Attributes:
        encoder: `encoder(spec, sizes, key=key)` makes an `AbstractEncoder`.
        decoder: `decoder(spec, input_size, sizes, key=key)` makes an `AbstractDecoder`.
        parts: `parts(spec, sizes, key=key)` makes an `AbstractParts`, for kinds of observation that
            have places.
    """

    encoder: Callable[..., AbstractEncoder]
    decoder: Callable[..., AbstractDecoder]
    parts: Callable[..., AbstractParts] | None = None


def predict_parts(
    to_grid: eqx.nn.Linear, to_part: eqx.nn.Linear, h: Float[Array, "*n d"]
) -> Float[Array, "*n t o"]:
    """A linear map to features of every part of an image, a ReLU, and one linear map shared by all
    parts.
    """
    grid = jax.nn.relu(apply(to_grid, h))
    return apply(to_part, grid.reshape(*h.shape[:-1], -1, to_part.weight.shape[1]))


def each_and_sum(features: Float[Array, "*n p c"], scale: float) -> Float[Array, "*n f"]:
    """The features of each part, then their sum times `scale`."""
    flat = features.reshape(*features.shape[:-2], -1)
    return jnp.concatenate([flat, scale * jnp.sum(features, axis=-2)], axis=-1)
