"""Grids of symbols: encoders and decoders."""

from itertools import accumulate
from math import prod

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Integer, Key

from engrax.nn.distributions import softmax_cross_entropy
from engrax.nn.linear import apply, linear
from engrax.nn.senses.base import (
    AbstractDecoder,
    AbstractEncoder,
    EncoderSizes,
    Sense,
    each_and_sum,
    predict_parts,
)
from engrax.nn.senses.parts import SquareParts
from engrax.nn.symbols import (
    binary_digits,
    block_shape,
    blocks_of,
    embed,
    grid_of,
    grid_of_blocks,
    num_digits,
    values_of,
)
from engrax.types import SymbolsSpec


class SymbolsEncoder(AbstractEncoder):
    """Embeds each square and applies one filter to blocks of squares.

    The blocks do not overlap; where they do not fill the grid its margins are left out, or it is
    padded. The features are each block's and their sum over blocks.
    """

    embedding: Float[Array, "s e"]
    filter: eqx.nn.Linear
    spec: SymbolsSpec = eqx.field(static=True)
    block: tuple[int, int] = eqx.field(static=True)
    whole: bool = eqx.field(static=True)
    sum_scale: float = eqx.field(static=True)
    output_size: int = eqx.field(static=True)

    def __init__(self, spec: SymbolsSpec, sizes: EncoderSizes, *, key: Key[Array, ""]):
        """Args: the spec, the sizes, and a key for the parameters."""
        embedding_key, filter_key = jax.random.split(key)
        self.spec, self.sum_scale = spec, sizes.sum_scale
        self.block, self.whole = block_shape(spec, sizes.filter_size), sizes.whole_grid
        squares = self.block[0] * self.block[1]
        self.embedding = start_embedding(spec, sizes, embedding_key)
        fan_in = squares * sizes.symbol_embedding
        self.filter = linear(fan_in, sizes.filter_channels, key=filter_key, init="he")
        blocks = prod(grid_of_blocks(spec.height, spec.width, self.block, self.whole))
        self.output_size = (blocks + 1) * sizes.filter_channels

    def __call__(self, observation: Integer[Array, "*n h w f"]) -> Float[Array, "*n e"]:
        """Encodes a grid of symbols."""
        squares = embed(
            blocks_of(observation, self.block, self.whole), self.spec.sizes, self.embedding
        )
        channels = jax.nn.relu(apply(self.filter, squares.reshape(*squares.shape[:-2], -1)))
        return each_and_sum(channels, self.sum_scale)


class DigitsDecoder(AbstractDecoder):
    """A linear map to features of blocks of squares, and one shared linear map to the binary digits
    of a block.

    The cost is half the squared error, with the salience of each feature as its weight (choice).
    Digits are a quarter of the outputs that one softmax per feature would need, and the squared
    error needs no exponentials: reconstruction stays cheap beside the memory. The blocks are the
    encoder's.
    """

    to_grid: eqx.nn.Linear
    to_digits: eqx.nn.Linear
    spec: SymbolsSpec = eqx.field(static=True)
    block: tuple[int, int] = eqx.field(static=True)
    whole: bool = eqx.field(static=True)
    terms: int = eqx.field(static=True, default=1)

    def __init__(
        self, spec: SymbolsSpec, input_size: int, sizes: EncoderSizes, *, key: Key[Array, ""]
    ):
        """Args: the spec, width of the input, sizes (of blocks and their channels), key."""
        grid_key, digits_key = jax.random.split(key)
        self.spec, self.block, self.whole = (
            spec,
            block_shape(spec, sizes.filter_size),
            sizes.whole_grid,
        )
        squares = self.block[0] * self.block[1]
        blocks = prod(grid_of_blocks(spec.height, spec.width, self.block, self.whole))
        self.to_grid = linear(input_size, blocks * sizes.filter_channels, key=grid_key, init="he")
        self.to_digits = linear(
            sizes.filter_channels, squares * num_digits(spec.sizes), key=digits_key, init="small"
        )

    def __call__(self, h: Float[Array, "*n d"]) -> Float[Array, "*n b o"]:
        """The expected digits of each block, its squares in one row."""
        return predict_parts(self.to_grid, self.to_digits, h)

    def loss(
        self, prediction: Float[Array, "*n b o"], observation: Integer[Array, "*n h w f"]
    ) -> Float[Array, "*n"]:
        """Half the squared error, summed over squares and digits."""
        blocks = blocks_of(observation, self.block, self.whole)
        targets = binary_digits(blocks, self.spec.sizes).reshape(prediction.shape)
        weights = jnp.tile(digit_weights(self.spec), self.block[0] * self.block[1])
        weights = jnp.broadcast_to(weights, prediction.shape)
        return 0.5 * jnp.sum(jnp.square(prediction - targets) * weights, axis=(-2, -1))

    def likeliest(self, prediction: Float[Array, "*n b o"]) -> Integer[Array, "*n h w f"]:
        """The symbols with the nearest digits; 0 in margins that no block covers."""
        squares = self.block[0] * self.block[1]
        digits = prediction.reshape(*prediction.shape[:-1], squares, -1)
        symbols = values_of(digits, self.spec.sizes)
        grid = grid_of(symbols, self.spec.height, self.spec.width, self.block, self.whole)
        return grid.astype(self.spec.dtype)


class SoftmaxDecoder(AbstractDecoder):
    """A linear map to one softmax a feature of every square: likelihoods of grids of symbols."""

    layer: eqx.nn.Linear
    spec: SymbolsSpec = eqx.field(static=True)
    terms: int = eqx.field(static=True, default=1)

    def __init__(
        self, spec: SymbolsSpec, input_size: int, sizes: EncoderSizes, *, key: Key[Array, ""]
    ):
        """Args: the spec, width of the input, sizes (unused), key."""
        del sizes
        self.spec = spec
        self.layer = linear(input_size, spec.height * spec.width * sum(spec.sizes), key=key)

    def __call__(self, h: Float[Array, "*n d"]) -> Float[Array, "*n h w v"]:
        """Logits of every square's features, one feature's values after the other's."""
        return apply(self.layer, h).reshape(*h.shape[:-1], self.spec.height, self.spec.width, -1)

    def loss(
        self, prediction: Float[Array, "*n h w v"], observation: Integer[Array, "*n h w f"]
    ) -> Float[Array, "*n"]:
        """Softmax cross-entropy, summed over squares and features."""
        parts = jnp.split(prediction, list(accumulate(self.spec.sizes))[:-1], axis=-1)
        costs = (softmax_cross_entropy(part, observation[..., i]) for i, part in enumerate(parts))
        nothing = jnp.zeros(prediction.shape[:-1], prediction.dtype)
        return jnp.sum(sum(costs, start=nothing), axis=(-2, -1))

    def likeliest(self, prediction: Float[Array, "*n h w v"]) -> Integer[Array, "*n h w f"]:
        """Every feature's own."""
        parts = jnp.split(prediction, list(accumulate(self.spec.sizes))[:-1], axis=-1)
        chosen = [jnp.argmax(part, axis=-1) for part in parts]
        return jnp.stack(chosen, axis=-1).astype(self.spec.dtype)


def start_embedding(
    spec: SymbolsSpec, sizes: EncoderSizes, key: Key[Array, ""]
) -> Float[Array, "s e"]:
    """Embeddings of all features' values, in the order of `embed`.

    By default embeddings of the first feature, the kind, start ten times larger than those of the
    attributes, so that the kind is learned first (choice; with equal sizes Ballet takes twice as
    many episodes). Tasks that ask for attributes need larger ones.
    """
    scales = [
        1.0 if feature == 0 else sizes.attribute_scale
        for feature, size in enumerate(spec.sizes)
        for _ in range(size - 1)
    ]
    numbers = jax.random.normal(key, (len(scales), sizes.symbol_embedding), jnp.float32)
    return jnp.asarray(scales, jnp.float32)[:, None] * numbers


def digit_weights(spec: SymbolsSpec) -> Float[Array, " b"]:
    """The salience of each of one square's binary digits."""
    salience = spec.salience or (1.0,) * len(spec.sizes)
    digits = [num_digits((size,)) for size in spec.sizes]
    counts, total = jnp.asarray(digits), sum(digits)
    return jnp.repeat(jnp.asarray(salience, jnp.float32), counts, total_repeat_length=total)


def make_symbols_decoder(
    spec: SymbolsSpec, input_size: int, sizes: EncoderSizes, *, key: Key[Array, ""]
) -> AbstractDecoder:
    """The decoder that the sizes name."""
    make = {"digits": DigitsDecoder, "softmax": SoftmaxDecoder}[sizes.symbols]
    return make(spec, input_size, sizes, key=key)


SYMBOLS = Sense(SymbolsEncoder, make_symbols_decoder, SquareParts)
"""How grids of symbols are encoded and decoded."""
