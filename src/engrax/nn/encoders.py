"""Encoders: from one modality's observation, with any leading axes, to a vector of features."""

import abc
from dataclasses import dataclass
from typing import Literal

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, Key, UInt8

from engrax.nn.convolution import ResNet, TileCNN, features_of_pixels
from engrax.nn.linear import apply, linear
from engrax.nn.mosaic import intensities, num_tiles, tiles_of
from engrax.nn.recurrent import LSTMCell
from engrax.nn.symbols import block_shape, blocks_of, embed
from engrax.types import AgentInput, ImageSpec, Spec, SymbolsSpec, TextSpec, VectorSpec


@dataclass(frozen=True)
class EncoderSizes:
    """Sizes of the encoders."""

    image: Literal["tile", "mosaic", "resnet"] = "tile"
    """Which image encoder, `tile` (a CNN whose first kernel is one tile), `mosaic` (each tile by itself: what is where,
    and what there is, wherever) or `resnet`."""
    tile: int = 9
    """Pixels along a tile's edge, for the `tile` and `mosaic` encoders and for decoding images."""
    image_features: int = 256
    """Features made of an image; by `mosaic`, of each tile."""
    overlay: float = 10.0
    """How much all tiles laid on one another count in `mosaic`'s decoding, where each tile counts 1."""
    symbols: Literal["digits", "softmax"] = "digits"
    """Which decoder of symbols, `digits` (cheap) or `softmax` (a likelihood)."""
    symbol_embedding: int = 8
    """Width of the embedding of a square."""
    filter_size: int = 3
    """Squares along the edge of the shared filter over a grid of symbols."""
    filter_channels: int = 32
    """Channels of that filter."""
    text_embedding: int = 32
    """Width of a word's embedding and of the LSTM over the sentence."""
    text_scale: float = 1.0
    """Factor on the features of a sentence; a few words weigh little beside many features of a picture."""
    sum_scale: float = 1.0
    """Factor on what there is, wherever (the sum over a picture's parts), beside what is where (each of them)."""
    vector_features: int = 64
    """Features made of a vector."""


class AbstractEncoder(eqx.Module):
    """Maps `[*n, *observation]` to `[*n, output_size]`."""

    output_size: eqx.AbstractVar[int]

    @abc.abstractmethod
    def __call__(self, observation: Array) -> Float[Array, "*n e"]:
        """Encodes; leading axes stay."""


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
        self.head = linear(features_of_pixels(self.network, spec), sizes.image_features, key=head_key, init="he")
        self.output_size = sizes.image_features

    def __call__(self, observation: UInt8[Array, "*n h w c"]) -> Float[Array, "*n e"]:
        """Encodes pixels 0..255."""
        batch = observation.shape[:-3]
        pixels = intensities(observation.reshape(-1, *observation.shape[-3:]))
        features = self.network(pixels).reshape(pixels.shape[0], -1)
        return jax.nn.relu(apply(self.head, features)).reshape(*batch, -1)


class MosaicEncoder(AbstractEncoder):
    """One network over each tile by itself; the features are each tile's, and their sum over tiles.

    The sum says what there is alike wherever it is, as that of `SymbolsEncoder` does.
    """

    layers: tuple[eqx.nn.Linear, eqx.nn.Linear]
    tile: int = eqx.field(static=True)
    sum_scale: float = eqx.field(static=True)
    output_size: int = eqx.field(static=True)

    def __init__(self, spec: ImageSpec, sizes: EncoderSizes, *, key: Key[Array, ""]):
        """Raises ValueError where the tile does not divide the image."""
        tiles, keys = num_tiles(spec, sizes.tile), jax.random.split(key)
        features, pixels = sizes.image_features, sizes.tile**2 * spec.channels
        widths = (pixels, features), (features, features)
        first, second = (linear(*width, key=key, init="he") for width, key in zip(widths, keys, strict=True))
        self.layers, self.tile, self.sum_scale = (first, second), sizes.tile, sizes.sum_scale
        self.output_size = (tiles + 1) * features

    def __call__(self, observation: UInt8[Array, "*n h w c"]) -> Float[Array, "*n e"]:
        """Encodes pixels 0..255."""
        features = intensities(tiles_of(observation, self.tile))
        for layer in self.layers:
            features = jax.nn.relu(apply(layer, features))
        return each_and_sum(features, self.sum_scale)


class SymbolsEncoder(AbstractEncoder):
    """Embeds each square, runs one filter over blocks of squares, and shows both where and whether something is.

    The blocks do not overlap; where they do not fill the grid its margins are left out. The features are each
    block's (what is where) and their sum over blocks (what there is, wherever).
    """

    embedding: Float[Array, "s e"]
    filter: eqx.nn.Linear
    spec: SymbolsSpec = eqx.field(static=True)
    block: tuple[int, int] = eqx.field(static=True)
    sum_scale: float = eqx.field(static=True)
    output_size: int = eqx.field(static=True)

    def __init__(self, spec: SymbolsSpec, sizes: EncoderSizes, *, key: Key[Array, ""]):
        """Args: the spec, the sizes, and a key for the parameters."""
        embedding_key, filter_key = jax.random.split(key)
        self.spec, self.sum_scale = spec, sizes.sum_scale
        self.block = block_shape(spec, sizes.filter_size)
        squares = self.block[0] * self.block[1]
        self.embedding = start_embedding(spec, sizes.symbol_embedding, embedding_key)
        fan_in = squares * sizes.symbol_embedding
        self.filter = linear(fan_in, sizes.filter_channels, key=filter_key, init="he")
        blocks = (spec.height // self.block[0]) * (spec.width // self.block[1])
        self.output_size = (blocks + 1) * sizes.filter_channels

    def __call__(self, observation: UInt8[Array, "*n h w f"]) -> Float[Array, "*n e"]:
        """Encodes a grid of symbols."""
        squares = embed(blocks_of(observation, self.block), self.spec.sizes, self.embedding)
        channels = jax.nn.relu(apply(self.filter, squares.reshape(*squares.shape[:-2], -1)))
        return each_and_sum(channels, self.sum_scale)


def each_and_sum(features: Float[Array, "*n p c"], scale: float) -> Float[Array, "*n f"]:
    """The features of each part (what is where), then so many times their sum (what there is, wherever)."""
    flat = features.reshape(*features.shape[:-2], -1)
    return jnp.concatenate([flat, scale * jnp.sum(features, axis=-2)], axis=-1)


def start_embedding(spec: SymbolsSpec, size: int, key: Key[Array, ""]) -> Float[Array, "s e"]:
    """Embeddings of all features' values, in the order of `embed`.

    Those of the first feature, what kind of thing it is, start ten times larger than those of its attributes: what
    moves is then seen before what it looks like (choice; with equal sizes Ballet takes twice as many episodes).
    """
    scales = [1.0 if feature == 0 else 0.1 for feature, size in enumerate(spec.sizes) for _ in range(size - 1)]
    return jnp.asarray(scales)[:, None] * jax.random.normal(key, (len(scales), size))


class TextEncoder(AbstractEncoder):
    """Embeds each word, and reads the sentence with an LSTM."""

    embedding: Float[Array, "v e"]
    cell: LSTMCell
    scale: float = eqx.field(static=True)
    output_size: int = eqx.field(static=True)

    def __init__(self, spec: TextSpec, sizes: EncoderSizes, *, key: Key[Array, ""]):
        """Args: the spec, the sizes, and a key for the parameters."""
        embedding_key, cell_key = jax.random.split(key)
        self.embedding = jax.random.normal(embedding_key, (len(spec.vocabulary), sizes.text_embedding))
        self.cell = LSTMCell(sizes.text_embedding, sizes.text_embedding, key=cell_key)
        self.scale, self.output_size = sizes.text_scale, sizes.text_embedding

    def __call__(self, observation: Int[Array, "*n l"]) -> Float[Array, "*n e"]:
        """Encodes token ids."""
        batch = observation.shape[:-1]
        words = jax.nn.one_hot(observation, self.embedding.shape[0]) @ self.embedding
        driven = self.cell.drive(words).reshape(-1, observation.shape[-1], 4 * self.output_size)
        return self.scale * jax.vmap(self._read)(driven).reshape(*batch, -1)

    def _read(self, driven: Float[Array, "l g"]) -> Float[Array, " e"]:
        recur = lambda state, word: (self.cell.recur(state, word), None)  # noqa: E731
        return jax.lax.scan(recur, self.cell.init_state(), driven)[0].hidden


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


def make_encoder(spec: Spec, sizes: EncoderSizes, *, key: Key[Array, ""]) -> AbstractEncoder:
    """The encoder for a spec."""
    match spec:
        case ImageSpec():
            make = MosaicEncoder if sizes.image == "mosaic" else ImageEncoder
            return make(spec, sizes, key=key)
        case SymbolsSpec():
            return SymbolsEncoder(spec, sizes, key=key)
        case TextSpec():
            return TextEncoder(spec, sizes, key=key)
        case VectorSpec():
            return VectorEncoder(spec, sizes, key=key)


def past_size(num_actions: int) -> int:
    """The width of `past_features`."""
    return num_actions + 2


def past_features(inps: AgentInput, num_actions: int) -> Float[Array, "*t p"]:
    """The previous action, one-hot, and the previous reward; at `first` a code of its own for "none", and zero."""
    action = jnp.where(inps.first, num_actions, inps.previous_action)
    reward = jnp.where(inps.first, 0.0, inps.previous_reward)
    return jnp.concatenate([jax.nn.one_hot(action, num_actions + 1), reward[..., None]], axis=-1)
