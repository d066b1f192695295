"""Images: encoders and decoders of uint8 pictures of any size."""

from math import prod

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Key, UInt8

from engrax.nn.convolution import ResNet, TileCNN, features_of_pixels
from engrax.nn.distributions import sigmoid_cross_entropy
from engrax.nn.linear import apply, linear
from engrax.nn.mosaic import intensities, num_tiles, picture_of, tiles_of
from engrax.nn.senses.base import (
    AbstractDecoder,
    AbstractEncoder,
    EncoderSizes,
    Sense,
    each_and_sum,
    predict_parts,
)
from engrax.nn.senses.parts import TileParts
from engrax.types import ImageSpec

TILE_CHANNELS = 16


class ImageEncoder(AbstractEncoder):
    """A convolutional network, then one linear layer with ReLU."""

    network: TileCNN | ResNet
    head: eqx.nn.Linear
    output_size: int = eqx.field(static=True)

    def __init__(self, spec: ImageSpec, sizes: EncoderSizes, *, key: Key[Array, ""]):
        """Args: the spec, the sizes, and a key for the parameters."""
        network_key, head_key = jax.random.split(key)
        make = {"tile": TileCNN, "resnet": ResNet}[sizes.image]
        self.network = make(spec, sizes.tile, key=network_key)
        self.head = linear(
            features_of_pixels(self.network, spec), sizes.image_features, key=head_key, init="he"
        )
        self.output_size = sizes.image_features

    def __call__(self, observation: UInt8[Array, "*n h w c"]) -> Float[Array, "*n e"]:
        """Encodes pixels 0..255."""
        batch = observation.shape[:-3]
        pixels = intensities(observation.reshape(-1, *observation.shape[-3:]))
        features = self.network(pixels).reshape(pixels.shape[0], -1)
        return jax.nn.relu(apply(self.head, features)).reshape(*batch, -1)


class MosaicEncoder(AbstractEncoder):
    """One network over each tile. The features are each tile's, and their sum over tiles.

    The sum describes content independently of position, as in `SymbolsEncoder`.
    """

    layers: tuple[eqx.nn.Linear, eqx.nn.Linear]
    tile: int = eqx.field(static=True)
    sum_scale: float = eqx.field(static=True)
    output_size: int = eqx.field(static=True)

    def __init__(self, spec: ImageSpec, sizes: EncoderSizes, *, key: Key[Array, ""]):
        """Args: the spec, the sizes, and a key for the parameters."""
        tiles, keys = num_tiles(spec, sizes.tile), jax.random.split(key)
        features, pixels = sizes.image_features, sizes.tile**2 * spec.channels
        widths = (pixels, features), (features, features)
        first, second = (
            linear(*width, key=key, init="he") for width, key in zip(widths, keys, strict=True)
        )
        self.layers, self.tile, self.sum_scale = (first, second), sizes.tile, sizes.sum_scale
        self.output_size = (tiles + 1) * features

    def __call__(self, observation: UInt8[Array, "*n h w c"]) -> Float[Array, "*n e"]:
        """Encodes pixels 0..255."""
        features = intensities(tiles_of(observation, self.tile))
        for layer in self.layers:
            features = jax.nn.relu(apply(layer, features))
        return each_and_sum(features, self.sum_scale)


class ImageDecoder(AbstractDecoder):
    """A linear map to a grid of tile features, and one shared linear map from features to a tile's
    pixels.

    The cost is the sigmoid cross-entropy of each pixel's channel, with intensities 0..255 as
    probabilities 0..1.
    """

    to_grid: eqx.nn.Linear
    to_pixels: eqx.nn.Linear
    spec: ImageSpec = eqx.field(static=True)
    tile: int = eqx.field(static=True)
    terms: int = eqx.field(static=True)

    def __init__(
        self, spec: ImageSpec, input_size: int, sizes: EncoderSizes, *, key: Key[Array, ""]
    ):
        """Args: the spec, width of the input, sizes, key."""
        tiles, (grid_key, pixels_key) = num_tiles(spec, sizes.tile), jax.random.split(key)
        self.to_grid = linear(input_size, tiles * TILE_CHANNELS, key=grid_key, init="he")
        self.to_pixels = linear(TILE_CHANNELS, sizes.tile**2 * spec.channels, key=pixels_key)
        self.spec, self.tile, self.terms = spec, sizes.tile, prod(spec.shape)

    def __call__(self, h: Float[Array, "*n d"]) -> Float[Array, "*n h w c"]:
        """Logits of every pixel's channels."""
        return picture_of(predict_parts(self.to_grid, self.to_pixels, h), self.spec, self.tile)

    def loss(
        self, prediction: Float[Array, "*n h w c"], observation: UInt8[Array, "*n h w c"]
    ) -> Float[Array, "*n"]:
        """Sigmoid cross-entropy, averaged over pixels and channels."""
        targets = intensities(observation)
        return jnp.mean(sigmoid_cross_entropy(prediction, targets), axis=(-3, -2, -1))

    def likeliest(self, prediction: Float[Array, "*n h w c"]) -> UInt8[Array, "*n h w c"]:
        """Every pixel's own intensities."""
        return pixels_of(prediction)


class MosaicDecoder(AbstractDecoder):
    """Predicts each tile, and the overlay of all tiles, which is independent of position.

    Tiles are predicted as by `ImageDecoder`. The overlay, in which every pixel is the brightest of
    those at its place, is predicted by a linear map. So the input must describe content in one code
    for all positions, by which a memory can be searched (ours). The cost is the sigmoid
    cross-entropy of each pixel's channel, that of the overlay times its weight.
    """

    to_grid: eqx.nn.Linear
    to_pixels: eqx.nn.Linear
    to_overlay: eqx.nn.Linear
    spec: ImageSpec = eqx.field(static=True)
    tile: int = eqx.field(static=True)
    overlay: float = eqx.field(static=True)
    terms: int = eqx.field(static=True)

    def __init__(
        self, spec: ImageSpec, input_size: int, sizes: EncoderSizes, *, key: Key[Array, ""]
    ):
        """Args: the spec, width of the input, sizes, key."""
        tiles, pixels = num_tiles(spec, sizes.tile), sizes.tile**2 * spec.channels
        grid_key, pixels_key, overlay_key = jax.random.split(key, 3)
        self.to_grid = linear(input_size, tiles * sizes.image_features, key=grid_key, init="he")
        self.to_pixels = linear(sizes.image_features, pixels, key=pixels_key)
        self.to_overlay = linear(input_size, pixels, key=overlay_key)
        self.spec, self.tile, self.overlay = spec, sizes.tile, sizes.overlay
        self.terms = (tiles + 1) * pixels

    def __call__(self, h: Float[Array, "*n d"]) -> Float[Array, "*n t p"]:
        """Logits of the pixels of every tile, and last of the overlay."""
        tiles, overlay = predict_parts(self.to_grid, self.to_pixels, h), apply(self.to_overlay, h)
        return jnp.concatenate([tiles, overlay[..., None, :]], axis=-2)

    def loss(
        self, prediction: Float[Array, "*n t p"], observation: UInt8[Array, "*n h w c"]
    ) -> Float[Array, "*n"]:
        """Sigmoid cross-entropy, averaged over pixels and channels."""
        tiles = intensities(tiles_of(observation, self.tile))
        targets = jnp.concatenate([tiles, jnp.max(tiles, axis=-2, keepdims=True)], axis=-2)
        costs = jnp.mean(sigmoid_cross_entropy(prediction, targets), axis=-1)
        return jnp.mean(costs.at[..., -1].multiply(self.overlay), axis=-1)

    def likeliest(self, prediction: Float[Array, "*n t p"]) -> UInt8[Array, "*n h w c"]:
        """The tiles as predicted, without the overlay."""
        return pixels_of(picture_of(prediction[..., :-1, :], self.spec, self.tile))


def pixels_of(logits: Float[Array, "*n h w c"]) -> UInt8[Array, "*n h w c"]:
    """Intensities 0..255 of the probabilities of channels."""
    return jnp.round(255.0 * jax.nn.sigmoid(logits)).astype(jnp.uint8)


def make_image_encoder(
    spec: ImageSpec, sizes: EncoderSizes, *, key: Key[Array, ""]
) -> AbstractEncoder:
    """The encoder that the sizes name."""
    make = MosaicEncoder if sizes.image == "mosaic" else ImageEncoder
    return make(spec, sizes, key=key)


def make_image_decoder(
    spec: ImageSpec, input_size: int, sizes: EncoderSizes, *, key: Key[Array, ""]
) -> AbstractDecoder:
    """The decoder that the sizes name."""
    make = MosaicDecoder if sizes.image == "mosaic" else ImageDecoder
    return make(spec, input_size, sizes, key=key)


IMAGE = Sense(make_image_encoder, make_image_decoder, TileParts)
"""How images are encoded and decoded."""
