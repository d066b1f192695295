"""Features of the parts of a view: one vector for each square or tile."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Integer, Key, UInt8

from engrax.nn.linear import apply, linear
from engrax.nn.mosaic import intensities, num_tiles, tiles_of
from engrax.nn.senses.base import AbstractParts, EncoderSizes
from engrax.nn.symbols import embed
from engrax.types import ImageSpec, SymbolsSpec


class SquareParts(AbstractParts):
    """Each square of a grid of symbols is a part: the sum of its symbols' embeddings."""

    embedding: Float[Array, "s e"]
    spec: SymbolsSpec = eqx.field(static=True)
    number: int = eqx.field(static=True)
    features: int = eqx.field(static=True)

    def __init__(self, spec: SymbolsSpec, sizes: EncoderSizes, *, key: Key[Array, ""]):
        """Args: the spec, the sizes, and a key for the parameters."""
        self.spec, self.number = spec, spec.height * spec.width
        self.features = sizes.part_features
        rows = sum(spec.sizes) - len(spec.sizes)
        self.embedding = jax.random.normal(key, (rows, self.features), jnp.float32)

    def __call__(self, observation: Integer[Array, "*n h w f"]) -> Float[Array, "*n p e"]:
        """Embeds the squares, row by row."""
        squares = observation.reshape(*observation.shape[:-3], self.number, -1)
        return embed(squares, self.spec.sizes, self.embedding)


class TileParts(AbstractParts):
    """Each tile of an image is a part: a linear map of its pixels, then ReLU."""

    layer: eqx.nn.Linear
    tile: int = eqx.field(static=True)
    number: int = eqx.field(static=True)
    features: int = eqx.field(static=True)

    def __init__(self, spec: ImageSpec, sizes: EncoderSizes, *, key: Key[Array, ""]):
        """Args: the spec, the sizes, and a key for the parameters."""
        self.tile, self.features = sizes.tile, sizes.part_features
        self.number = num_tiles(spec, self.tile)
        pixels = self.tile**2 * spec.channels
        self.layer = linear(pixels, self.features, key=key, init="he")

    def __call__(self, observation: UInt8[Array, "*n h w c"]) -> Float[Array, "*n p e"]:
        """Encodes the tiles, row by row."""
        return jax.nn.relu(apply(self.layer, intensities(tiles_of(observation, self.tile))))
