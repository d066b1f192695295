"""Attention over the parts of what is seen, with the memory's output as the query."""

from math import sqrt

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Key

from engrax.nn.checks import check_at_least
from engrax.nn.linear import apply, linear
from engrax.nn.senses import AbstractParts

POSITION_SIZE = 16
"""Width of the learned code of a part's position."""


class SpatialAttention(eqx.Module):
    """Finds in the present view what the memory asks for, and where it is.

    Each head compares its query with the features of every part of a view, such as a square or a
    tile. These are the same wherever the part is. It reads the features of the parts that match,
    and a learned code of their position. So the output of a memory that recalls an object tells
    where that object is now. An MLP would have to learn this for each object at each place.

    Source: after the top-down attention of Mott et al. 2019, arXiv 1906.02500, section 2. There
    keys have positions too, and queries come from an LSTM; one vector as key and value, and learned
    codes are choices.
    """

    parts: AbstractParts
    query: eqx.nn.Linear
    positions: Float[Array, "p q"]
    num_heads: int = eqx.field(static=True)
    output_size: int = eqx.field(static=True)

    def __init__(
        self, parts: AbstractParts, input_size: int, num_heads: int, *, key: Key[Array, ""]
    ):
        """Draws the parameters.

        Args:
            parts: makes features of a view's parts.
            input_size: width of the query's source.
            num_heads: attention heads.
            key: for the parameters.

        Raises:
            ValueError: there are fewer than 1 heads.
        """
        check_at_least(1, spatial_attention=num_heads)
        query_key, position_key = jax.random.split(key)
        self.parts, self.num_heads = parts, num_heads
        self.output_size = num_heads * (parts.features + POSITION_SIZE)
        self.query = linear(input_size, num_heads * parts.features, key=query_key)
        shape = parts.number, POSITION_SIZE
        self.positions = jax.random.normal(position_key, shape, jnp.float32)

    def weights(
        self, h: Float[Array, "*n d"], parts: Float[Array, "*n p e"]
    ) -> Float[Array, "*n k p"]:
        """What each of k heads attends to, over p parts; the sum over parts is 1."""
        queries = apply(self.query, h).reshape(*h.shape[:-1], self.num_heads, -1)
        matches = jnp.einsum("...ke,...pe->...kp", queries, parts)
        return jax.nn.softmax(matches / sqrt(self.parts.features), axis=-1)

    def __call__(self, h: Float[Array, "*n d"], observation: Array) -> Float[Array, "*n o"]:
        """The features that each head reads of an observation, then the positions."""
        parts = self.parts(observation)
        weights = self.weights(h, parts)
        features = jnp.einsum("...kp,...pe->...ke", weights, parts)
        read = (features, weights @ self.positions)
        return jnp.concatenate([x.reshape(*h.shape[:-1], -1) for x in read], axis=-1)
