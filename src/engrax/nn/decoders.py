"""Decoders: from a vector to the parameters of a distribution over one modality, and the cost of what was seen."""

import abc

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, Key, UInt8

from engrax.nn.encoders import EncoderSizes
from engrax.nn.linear import apply, linear
from engrax.nn.symbols import binary_digits, num_digits
from engrax.types import ImageSpec, Spec, SymbolsSpec, TextSpec, VectorSpec

TILE_CHANNELS = 16


class AbstractDecoder(eqx.Module):
    """Maps `[*n, d]` to predictions of an observation, and compares them with one."""

    @abc.abstractmethod
    def __call__(self, h: Float[Array, "*n d"]) -> Float[Array, "..."]:
        """Predicts; leading axes stay."""

    @abc.abstractmethod
    def loss(self, prediction: Float[Array, "..."], observation: Array) -> Float[Array, "*n"]:
        """The cost of each observation under its prediction, in total."""


class ImageDecoder(AbstractDecoder):
    """A linear map to a grid of tile features, and one shared linear map from features to a tile's pixels.

    The cost is the sigmoid cross-entropy of each pixel's channel, with intensities 0..255 as probabilities 0..1.
    """

    to_grid: eqx.nn.Linear
    to_pixels: eqx.nn.Linear
    spec: ImageSpec = eqx.field(static=True)
    tile: int = eqx.field(static=True)

    def __init__(self, spec: ImageSpec, input_size: int, sizes: EncoderSizes, *, key: Key[Array, ""]):
        """Raises ValueError where the tile does not divide the image."""
        if spec.height % sizes.tile or spec.width % sizes.tile:
            raise ValueError(f"tile {sizes.tile} does not divide the image {spec.height}x{spec.width}")
        grid_key, pixels_key = jax.random.split(key)
        tiles = (spec.height // sizes.tile) * (spec.width // sizes.tile)
        self.to_grid = linear(input_size, tiles * TILE_CHANNELS, key=grid_key, init="he")
        self.to_pixels = linear(TILE_CHANNELS, sizes.tile**2 * spec.channels, key=pixels_key)
        self.spec, self.tile = spec, sizes.tile

    def __call__(self, h: Float[Array, "*n d"]) -> Float[Array, "*n h w c"]:
        """Logits of every pixel's channels."""
        rows, columns = self.spec.height // self.tile, self.spec.width // self.tile
        grid = jax.nn.relu(apply(self.to_grid, h).reshape(-1, rows, columns, TILE_CHANNELS))
        tiles = apply(self.to_pixels, grid).reshape(-1, rows, columns, self.tile, self.tile, self.spec.channels)
        return tiles.transpose(0, 1, 3, 2, 4, 5).reshape(*h.shape[:-1], *self.spec.shape)

    def loss(self, prediction: Float[Array, "*n h w c"], observation: UInt8[Array, "*n h w c"]) -> Float[Array, "*n"]:
        """Sigmoid cross-entropy, averaged over pixels and channels."""
        targets = observation.astype(jnp.float32) / 255.0
        return jnp.mean(sigmoid_cross_entropy(prediction, targets), axis=(-3, -2, -1))


class SymbolsDecoder(AbstractDecoder):
    """A linear map to the binary digits of every square's features, under half the squared error (choice).

    Digits are a quarter of the outputs that one softmax a feature would need, and the squared error costs no
    exponentials: together they make reconstruction cheap beside the memory.
    """

    layer: eqx.nn.Linear
    spec: SymbolsSpec = eqx.field(static=True)

    def __init__(self, spec: SymbolsSpec, input_size: int, sizes: EncoderSizes, *, key: Key[Array, ""]):
        """Args: the spec, width of the input, sizes (unused), key."""
        del sizes
        self.spec = spec
        self.layer = linear(input_size, spec.height * spec.width * num_digits(spec.sizes), key=key)

    def __call__(self, h: Float[Array, "*n d"]) -> Float[Array, "*n o"]:
        """The expected digits, all squares in one row."""
        return apply(self.layer, h)

    def loss(self, prediction: Float[Array, "*n o"], observation: UInt8[Array, "*n h w f"]) -> Float[Array, "*n"]:
        """Half the squared error, summed over squares and digits."""
        targets = binary_digits(observation, self.spec.sizes).reshape(prediction.shape)
        return 0.5 * jnp.sum(jnp.square(prediction - targets), axis=-1)


class TextDecoder(AbstractDecoder):
    """A linear map to one softmax a token."""

    layer: eqx.nn.Linear
    spec: TextSpec = eqx.field(static=True)

    def __init__(self, spec: TextSpec, input_size: int, sizes: EncoderSizes, *, key: Key[Array, ""]):
        """Args: the spec, width of the input, sizes (unused), key."""
        del sizes
        self.spec = spec
        self.layer = linear(input_size, spec.length * len(spec.vocabulary), key=key)

    def __call__(self, h: Float[Array, "*n d"]) -> Float[Array, "*n l v"]:
        """Logits of every token."""
        return apply(self.layer, h).reshape(*h.shape[:-1], self.spec.length, -1)

    def loss(self, prediction: Float[Array, "*n l v"], observation: Int[Array, "*n l"]) -> Float[Array, "*n"]:
        """Softmax cross-entropy, averaged over tokens."""
        chosen = jax.nn.one_hot(observation, prediction.shape[-1])
        return -jnp.mean(jnp.sum(chosen * jax.nn.log_softmax(prediction), axis=-1), axis=-1)


class VectorDecoder(AbstractDecoder):
    """A linear map, under half the squared error."""

    layer: eqx.nn.Linear

    def __init__(self, spec: VectorSpec, input_size: int, sizes: EncoderSizes, *, key: Key[Array, ""]):
        """Args: the spec, width of the input, sizes (unused), key."""
        del sizes
        self.layer = linear(input_size, spec.size, key=key)

    def __call__(self, h: Float[Array, "*n d"]) -> Float[Array, "*n o"]:
        """The expected vector."""
        return apply(self.layer, h)

    def loss(self, prediction: Float[Array, "*n o"], observation: Float[Array, "*n o"]) -> Float[Array, "*n"]:
        """Half the squared error, averaged over components."""
        return 0.5 * jnp.mean(jnp.square(prediction - observation), axis=-1)


def sigmoid_cross_entropy(logits: Float[Array, "*n"], targets: Float[Array, "*n"]) -> Float[Array, "*n"]:
    """-t log sigmoid(l) - (1 - t) log sigmoid(-l), element by element, for targets in [0, 1]."""
    return jnp.maximum(logits, 0.0) - logits * targets + jnp.log1p(jnp.exp(-jnp.abs(logits)))


def make_decoder(spec: Spec, input_size: int, sizes: EncoderSizes, *, key: Key[Array, ""]) -> AbstractDecoder:
    """The decoder for a spec."""
    match spec:
        case ImageSpec():
            return ImageDecoder(spec, input_size, sizes, key=key)
        case SymbolsSpec():
            return SymbolsDecoder(spec, input_size, sizes, key=key)
        case TextSpec():
            return TextDecoder(spec, input_size, sizes, key=key)
        case VectorSpec():
            return VectorDecoder(spec, input_size, sizes, key=key)
