"""Decoders: from a vector to the parameters of a distribution over one modality, and the cost of what was seen."""

import abc
from itertools import accumulate
from math import prod

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, Key, UInt8

from engrax.nn.distributions import sigmoid_cross_entropy, softmax_cross_entropy
from engrax.nn.encoders import EncoderSizes
from engrax.nn.linear import apply, linear
from engrax.nn.mosaic import intensities, num_tiles, picture_of, tiles_of
from engrax.nn.symbols import binary_digits, block_shape, blocks_of, num_digits
from engrax.types import ImageSpec, Spec, SymbolsSpec, TextSpec, VectorSpec

TILE_CHANNELS = 16


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

    def cost(self, h: Float[Array, "*n d"], observation: Array) -> Float[Array, "*n"]:
        """The cost of each observation as predicted from `h`, summed over all its terms: in nats, of likelihoods."""
        return self.terms * self.loss(self(h), observation)


class ImageDecoder(AbstractDecoder):
    """A linear map to a grid of tile features, and one shared linear map from features to a tile's pixels.

    The cost is the sigmoid cross-entropy of each pixel's channel, with intensities 0..255 as probabilities 0..1.
    """

    to_grid: eqx.nn.Linear
    to_pixels: eqx.nn.Linear
    spec: ImageSpec = eqx.field(static=True)
    tile: int = eqx.field(static=True)
    terms: int = eqx.field(static=True)

    def __init__(self, spec: ImageSpec, input_size: int, sizes: EncoderSizes, *, key: Key[Array, ""]):
        """Raises ValueError where the tile does not divide the image."""
        tiles, (grid_key, pixels_key) = num_tiles(spec, sizes.tile), jax.random.split(key)
        self.to_grid = linear(input_size, tiles * TILE_CHANNELS, key=grid_key, init="he")
        self.to_pixels = linear(TILE_CHANNELS, sizes.tile**2 * spec.channels, key=pixels_key)
        self.spec, self.tile, self.terms = spec, sizes.tile, prod(spec.shape)

    def __call__(self, h: Float[Array, "*n d"]) -> Float[Array, "*n h w c"]:
        """Logits of every pixel's channels."""
        return picture_of(told_by_tile(self.to_grid, self.to_pixels, h), self.spec, self.tile)

    def loss(self, prediction: Float[Array, "*n h w c"], observation: UInt8[Array, "*n h w c"]) -> Float[Array, "*n"]:
        """Sigmoid cross-entropy, averaged over pixels and channels."""
        targets = intensities(observation)
        return jnp.mean(sigmoid_cross_entropy(prediction, targets), axis=(-3, -2, -1))


class MosaicDecoder(AbstractDecoder):
    """Tells each tile by itself, and all tiles laid on one another: what there is, wherever it is.

    Tiles are told as by `ImageDecoder`. All of them laid on one another, every pixel the brightest of those at its
    place, are told by a linear map: so the input has to say what there is in one code for all places, for which a
    memory can be searched (ours). The cost is the sigmoid cross-entropy of each pixel's channel, that of the overlay
    times its weight.
    """

    to_grid: eqx.nn.Linear
    to_pixels: eqx.nn.Linear
    to_overlay: eqx.nn.Linear
    tile: int = eqx.field(static=True)
    overlay: float = eqx.field(static=True)
    terms: int = eqx.field(static=True)

    def __init__(self, spec: ImageSpec, input_size: int, sizes: EncoderSizes, *, key: Key[Array, ""]):
        """Raises ValueError where the tile does not divide the image."""
        tiles, pixels = num_tiles(spec, sizes.tile), sizes.tile**2 * spec.channels
        grid_key, pixels_key, overlay_key = jax.random.split(key, 3)
        self.to_grid = linear(input_size, tiles * sizes.image_features, key=grid_key, init="he")
        self.to_pixels = linear(sizes.image_features, pixels, key=pixels_key)
        self.to_overlay = linear(input_size, pixels, key=overlay_key)
        self.tile, self.overlay, self.terms = sizes.tile, sizes.overlay, (tiles + 1) * pixels

    def __call__(self, h: Float[Array, "*n d"]) -> Float[Array, "*n t p"]:
        """Logits of every tile's pixels, and last of all tiles laid on one another."""
        tiles, overlay = told_by_tile(self.to_grid, self.to_pixels, h), apply(self.to_overlay, h)
        return jnp.concatenate([tiles, overlay[..., None, :]], axis=-2)

    def loss(self, prediction: Float[Array, "*n t p"], observation: UInt8[Array, "*n h w c"]) -> Float[Array, "*n"]:
        """Sigmoid cross-entropy, averaged over pixels and channels."""
        tiles = intensities(tiles_of(observation, self.tile))
        targets = jnp.concatenate([tiles, jnp.max(tiles, axis=-2, keepdims=True)], axis=-2)
        costs = jnp.mean(sigmoid_cross_entropy(prediction, targets), axis=-1)
        return jnp.mean(costs.at[..., -1].multiply(self.overlay), axis=-1)


class DigitsDecoder(AbstractDecoder):
    """A linear map to features of blocks of squares, and one shared linear map to the binary digits of a block.

    The cost is half the squared error, each feature's digits counting as much as its salience (choice). Digits are a
    quarter of the outputs that one softmax a feature would need, and the squared error costs no exponentials:
    reconstruction stays cheap beside the memory. The blocks are the encoder's.
    """

    to_grid: eqx.nn.Linear
    to_digits: eqx.nn.Linear
    spec: SymbolsSpec = eqx.field(static=True)
    block: tuple[int, int] = eqx.field(static=True)
    terms: int = eqx.field(static=True, default=1)

    def __init__(self, spec: SymbolsSpec, input_size: int, sizes: EncoderSizes, *, key: Key[Array, ""]):
        """Args: the spec, width of the input, sizes (of blocks and their channels), key."""
        grid_key, digits_key = jax.random.split(key)
        self.spec, self.block = spec, block_shape(spec, sizes.filter_size)
        squares = self.block[0] * self.block[1]
        blocks = (spec.height // self.block[0]) * (spec.width // self.block[1])
        self.to_grid = linear(input_size, blocks * sizes.filter_channels, key=grid_key, init="he")
        self.to_digits = linear(sizes.filter_channels, squares * num_digits(spec.sizes), key=digits_key, init="small")

    def __call__(self, h: Float[Array, "*n d"]) -> Float[Array, "*n b o"]:
        """The expected digits of each block, its squares in one row."""
        return told_by_tile(self.to_grid, self.to_digits, h)

    def loss(self, prediction: Float[Array, "*n b o"], observation: UInt8[Array, "*n h w f"]) -> Float[Array, "*n"]:
        """Half the squared error, summed over squares and digits."""
        targets = binary_digits(blocks_of(observation, self.block), self.spec.sizes).reshape(prediction.shape)
        weights = jnp.tile(digit_weights(self.spec), self.block[0] * self.block[1])
        return 0.5 * jnp.sum(jnp.square(prediction - targets) @ weights, axis=-1)


class SoftmaxDecoder(AbstractDecoder):
    """A linear map to one softmax a feature of every square: likelihoods of grids of symbols."""

    layer: eqx.nn.Linear
    spec: SymbolsSpec = eqx.field(static=True)
    terms: int = eqx.field(static=True, default=1)

    def __init__(self, spec: SymbolsSpec, input_size: int, sizes: EncoderSizes, *, key: Key[Array, ""]):
        """Args: the spec, width of the input, sizes (unused), key."""
        del sizes
        self.spec = spec
        self.layer = linear(input_size, spec.height * spec.width * sum(spec.sizes), key=key)

    def __call__(self, h: Float[Array, "*n d"]) -> Float[Array, "*n h w v"]:
        """Logits of every square's features, one feature's values after the other's."""
        return apply(self.layer, h).reshape(*h.shape[:-1], self.spec.height, self.spec.width, -1)

    def loss(self, prediction: Float[Array, "*n h w v"], observation: UInt8[Array, "*n h w f"]) -> Float[Array, "*n"]:
        """Softmax cross-entropy, summed over squares and features."""
        parts = jnp.split(prediction, list(accumulate(self.spec.sizes))[:-1], axis=-1)
        costs = (softmax_cross_entropy(part, observation[..., i]) for i, part in enumerate(parts))
        return jnp.sum(sum(costs, start=jnp.zeros(prediction.shape[:-1])), axis=(-2, -1))


class TextDecoder(AbstractDecoder):
    """A linear map to one softmax a token."""

    layer: eqx.nn.Linear
    spec: TextSpec = eqx.field(static=True)
    terms: int = eqx.field(static=True)

    def __init__(self, spec: TextSpec, input_size: int, sizes: EncoderSizes, *, key: Key[Array, ""]):
        """Args: the spec, width of the input, sizes (unused), key."""
        del sizes
        self.spec, self.terms = spec, spec.length
        self.layer = linear(input_size, spec.length * len(spec.vocabulary), key=key)

    def __call__(self, h: Float[Array, "*n d"]) -> Float[Array, "*n l v"]:
        """Logits of every token."""
        return apply(self.layer, h).reshape(*h.shape[:-1], self.spec.length, -1)

    def loss(self, prediction: Float[Array, "*n l v"], observation: Int[Array, "*n l"]) -> Float[Array, "*n"]:
        """Softmax cross-entropy, averaged over tokens."""
        return jnp.mean(softmax_cross_entropy(prediction, observation), axis=-1)


class VectorDecoder(AbstractDecoder):
    """A linear map, under half the squared error."""

    layer: eqx.nn.Linear
    terms: int = eqx.field(static=True)

    def __init__(self, spec: VectorSpec, input_size: int, sizes: EncoderSizes, *, key: Key[Array, ""]):
        """Args: the spec, width of the input, sizes (unused), key."""
        del sizes
        self.layer, self.terms = linear(input_size, spec.size, key=key), spec.size

    def __call__(self, h: Float[Array, "*n d"]) -> Float[Array, "*n o"]:
        """The expected vector."""
        return apply(self.layer, h)

    def loss(self, prediction: Float[Array, "*n o"], observation: Float[Array, "*n o"]) -> Float[Array, "*n"]:
        """Half the squared error, averaged over components."""
        return 0.5 * jnp.mean(jnp.square(prediction - observation), axis=-1)


def told_by_tile(to_grid: eqx.nn.Linear, to_tile: eqx.nn.Linear, h: Float[Array, "*n d"]) -> Float[Array, "*n t o"]:
    """A linear map to features of every tile, a ReLU, and one linear map from these for all tiles."""
    grid = jax.nn.relu(apply(to_grid, h))
    return apply(to_tile, grid.reshape(*h.shape[:-1], -1, to_tile.weight.shape[1]))


def digit_weights(spec: SymbolsSpec) -> Float[Array, " b"]:
    """The salience of each of one square's binary digits."""
    salience = spec.salience or (1.0,) * len(spec.sizes)
    digits = [num_digits((size,)) for size in spec.sizes]
    return jnp.repeat(jnp.asarray(salience), jnp.asarray(digits), total_repeat_length=sum(digits))


def make_decoder(spec: Spec, input_size: int, sizes: EncoderSizes, *, key: Key[Array, ""]) -> AbstractDecoder:
    """The decoder for a spec."""
    match spec:
        case ImageSpec():
            make = MosaicDecoder if sizes.image == "mosaic" else ImageDecoder
            return make(spec, input_size, sizes, key=key)
        case SymbolsSpec():
            make = {"digits": DigitsDecoder, "softmax": SoftmaxDecoder}[sizes.symbols]
            return make(spec, input_size, sizes, key=key)
        case TextSpec():
            return TextDecoder(spec, input_size, sizes, key=key)
        case VectorSpec():
            return VectorDecoder(spec, input_size, sizes, key=key)
