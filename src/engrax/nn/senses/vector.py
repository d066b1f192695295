"""Vectors: an encoder and a decoder."""

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, Key

from engrax.nn.linear import apply, linear
from engrax.nn.senses.base import AbstractDecoder, AbstractEncoder, EncoderSizes, Sense
from engrax.types import VectorSpec


class VectorEncoder(AbstractEncoder):
    """One linear layer."""

    layer: eqx.nn.Linear
    output_size: int = eqx.field(static=True)

    def __init__(self, spec: VectorSpec, sizes: EncoderSizes, *, key: Key[Array, ""]):
        """Args: the spec, the sizes, and a key for the parameters."""
        self.layer = linear(spec.size, sizes.vector_features, key=key)
        self.output_size = sizes.vector_features

    def __call__(self, observation: Float[Array, "*n d"]) -> Float[Array, "*n e"]:
        """Encodes real numbers."""
        return apply(self.layer, observation)


class VectorDecoder(AbstractDecoder):
    """A linear map, under half the squared error."""

    layer: eqx.nn.Linear
    terms: int = eqx.field(static=True)

    def __init__(
        self, spec: VectorSpec, input_size: int, sizes: EncoderSizes, *, key: Key[Array, ""]
    ):
        """Args: the spec, width of the input, sizes (unused), key."""
        del sizes
        self.layer, self.terms = linear(input_size, spec.size, key=key), spec.size

    def __call__(self, h: Float[Array, "*n d"]) -> Float[Array, "*n o"]:
        """The expected vector."""
        return apply(self.layer, h)

    def loss(
        self, prediction: Float[Array, "*n o"], observation: Float[Array, "*n o"]
    ) -> Float[Array, "*n"]:
        """Half the squared error, averaged over components."""
        return 0.5 * jnp.mean(jnp.square(prediction - observation), axis=-1)

    def likeliest(self, prediction: Float[Array, "*n o"]) -> Float[Array, "*n o"]:
        """The expected vector."""
        return prediction


VECTOR = Sense(VectorEncoder, VectorDecoder)
"""How vectors are encoded and decoded."""
