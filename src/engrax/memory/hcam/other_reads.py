"""What HCAM's read is compared with: attention to everything, and to nothing."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Key

from engrax.memory.hcam.chunks import Chunks, Details, ReadInit
from engrax.memory.hcam.read import AbstractRead, Read
from engrax.nn.checks import check_width
from engrax.nn.gradients import without_gradient
from engrax.nn.masking import LOWEST


class FlatRead(AbstractRead):
    """One softmax over the rows of all chunks: no means, no choice of chunks.

    To compare with: what the hierarchy is worth.
    """

    details: Details

    def __init__(self, size: int, num_heads: int, *, key: Key[Array, ""], read_init: ReadInit):
        """Args: as of `HierarchicalRead`, for queries as wide as what is remembered."""
        check_width(size, num_heads)
        self.details = Details.drawn(size, size, num_heads, read_init, jax.random.split(key, 4))

    def read(self, query: Float[Array, " e"], chunks: Chunks, valid: Bool[Array, " m"]) -> Read:
        """Attention to every row of the chunks that are valid; their order does not matter."""
        rows = without_gradient(jnp.concatenate(chunks.rows))
        scores = jnp.where(valid[None, :, None], self.details.scores(query, rows), LOWEST)
        weights = jax.nn.softmax(scores.reshape(scores.shape[0], -1), axis=-1).reshape(scores.shape)
        places = jnp.arange(rows.shape[0], dtype=jnp.int32)
        return Read(self.details.mix(weights, rows), places, weights)


class NoRead(AbstractRead):
    """Reads nothing: what local attention does alone."""

    def read(self, query: Float[Array, " e"], chunks: Chunks, valid: Bool[Array, " m"]) -> Read:
        """Zeros, and weights of 0."""
        del valid
        size, width = chunks.rows[0].shape[1:]
        places = jnp.zeros(1, jnp.int32)
        return Read(jnp.zeros(width, query.dtype), places, jnp.zeros((1, 1, size), query.dtype))
