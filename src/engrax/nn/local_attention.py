"""Causal attention over the last few steps, with relative positions."""

from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, Key, Shaped

from engrax.nn.checks import check_at_least, check_width
from engrax.nn.linear import Initialiser, apply, linear
from engrax.nn.masking import LOWEST
from engrax.nn.positions import sinusoids

BLOCK = 32
"""The largest block in steps: larger blocks compute more masked scores, smaller ones copy more
keys.
"""


class KeysValues(NamedTuple):
    """Projected keys and values of remembered inputs, `[..., d]` each."""

    keys: Float[Array, "*n d"]
    values: Float[Array, "*n d"]


class LocalAttention(eqx.Module):
    """Multi-head attention of each step to itself and the window - 1 steps before it.

    The score of a key o steps back is ((q + u) . k + (q + v) . r_o) / sqrt(head size), with r_o a
    learned projection of the sinusoidal code of o and u, v learned (Dai et al. 2019, arXiv
    1901.02860, section 3.3).
    """

    query: eqx.nn.Linear
    key: eqx.nn.Linear
    value: eqx.nn.Linear
    output: eqx.nn.Linear
    position: eqx.nn.Linear
    content_bias: Float[Array, "h e"]
    position_bias: Float[Array, "h e"]
    num_heads: int = eqx.field(static=True)
    window: int = eqx.field(static=True)
    left_out: Int[Array, ""] | None
    """How many steps ago a row was written that `attend_window` cannot see, for analysis; None, or
    -1, for none."""

    def __init__(
        self,
        size: int,
        num_heads: int,
        window: int,
        *,
        key: Key[Array, ""],
        value_init: Initialiser = "lecun",
        output_init: Initialiser = "small",
    ):
        """Args:

            size: of inputs and outputs.
            num_heads: attention heads; they divide the size.
            window: in steps, the current one included.
            key: for the weights.
            value_init: of the weights of the values.
            output_init: of the weights of the output.

        Raises:
            ValueError: the size is odd, the heads do not divide it, or the window is below 1.
        """
        check_width(size, num_heads)
        check_at_least(1, window=window)
        keys = jax.random.split(key, 5)
        self.query, self.key = (linear(size, size, key=k) for k in keys[:2])
        self.value = linear(size, size, key=keys[2], init=value_init)
        self.output = linear(size, size, key=keys[3], init=output_init)
        self.position = linear(size, size, key=keys[4], bias=False)
        biases = jnp.zeros((num_heads, size // num_heads), jnp.float32)
        self.content_bias = self.position_bias = biases
        self.num_heads, self.window, self.left_out = num_heads, window, None

    def project(self, xs: Float[Array, "*n d"]) -> KeysValues:
        """Keys and values of inputs: what a cache holds."""
        return KeysValues(apply(self.key, xs), apply(self.value, xs))

    def attend_window(
        self,
        x: Float[Array, " d"],
        past: KeysValues,
        steps_ago: Int[Array, " w"],
        reach: Int[Array, ""],
    ) -> Float[Array, " d"]:
        """One step's attention to a ring of w rows.

        Args:
            x: the current input.
            past: keys and values of the last w steps, the current one included, in any order.
            steps_ago: how long ago each row was written, 0 for the current step.
            reach: rows up to this many steps ago belong to the episode.
        """
        weights = self.window_weights(x, past.keys, steps_ago, reach)
        mixed = jnp.einsum("hw,whe->he", weights, self._heads(past.values))
        return apply(self.output, mixed.reshape(-1))

    def window_weights(
        self,
        x: Float[Array, " d"],
        keys: Float[Array, "w d"],
        steps_ago: Int[Array, " w"],
        reach: Int[Array, ""],
    ) -> Float[Array, "h w"]:
        """The attention weights of each head of `attend_window`."""
        query = self._heads(apply(self.query, x))
        by_content = jnp.einsum("he,whe->hw", query + self.content_bias, self._heads(keys))
        by_position = jnp.einsum(
            "he,ohe->ho", query + self.position_bias, self._position_keys(self.window)
        )
        scores = by_content + by_position[:, steps_ago]
        seen = steps_ago <= reach
        if self.left_out is not None:
            seen &= steps_ago != self.left_out
        return self._softmax(jnp.where(seen, scores, LOWEST))

    def attend_sequence(
        self, xs: Float[Array, "t d"], past: KeysValues | None, reaches: Int[Array, " t"]
    ) -> Float[Array, "t d"]:
        """Every step's attention at once, in blocks, so that the cost grows with t, not its square.

        Args:
            xs: t inputs.
            past: keys and values of the window - 1 steps before them, oldest first; None if none of
                them is in reach.
            reaches: how many steps before each one belong to its episode.
        """
        length = xs.shape[0]
        window = self.window if past is not None else min(self.window, length)
        block = block_size(length, min(window, BLOCK))
        keys, values = self._blocks_of_keys(xs, past, window, block)
        queries = self._heads(in_blocks(apply(self.query, xs), block))
        by_content = jnp.einsum("nihe,njhe->nhij", queries + self.content_bias[None, None], keys)
        by_position = jnp.einsum(
            "nihe,ohe->nhio", queries + self.position_bias[None, None], self._position_keys(window)
        )
        scores = by_content + under_keys(by_position[..., ::-1], keys.shape[1])
        reaches = in_blocks(jnp.minimum(reaches, window - 1), block)
        ago = key_ages(block, keys.shape[1])
        seen = (ago >= 0)[None] & (ago[None] <= reaches[:, :, None])
        weights = self._softmax(jnp.where(seen[:, None], scores, LOWEST))
        mixed = jnp.einsum("nhij,njhe->nihe", weights, values)
        return apply(self.output, mixed.reshape(-1, xs.shape[1])[:length])

    def _blocks_of_keys(
        self, xs: Float[Array, "t d"], past: KeysValues | None, window: int, block: int
    ) -> tuple[Float[Array, "n k h e"], Float[Array, "n k h e"]]:
        """Keys and values that each block of queries may see."""
        if past is None:
            rows = jnp.zeros((window - 1, xs.shape[1]), xs.dtype)
            past = KeysValues(rows, rows)
        pairs = zip(past, self.project(xs), strict=True)
        keys, values = (self._heads(with_past(early, rows, block)) for early, rows in pairs)
        return keys, values

    def _heads(self, rows: Float[Array, "*n d"]) -> Float[Array, "*n h e"]:
        return rows.reshape(*rows.shape[:-1], self.num_heads, -1)

    def _position_keys(self, window: int) -> Float[Array, "o h e"]:
        codes = sinusoids(jnp.arange(window, dtype=jnp.float32), self.position.weight.shape[1])
        return apply(self.position, codes).reshape(window, *self.position_bias.shape)

    def _softmax(self, scores: Float[Array, "*n w"]) -> Float[Array, "*n w"]:
        return jax.nn.softmax(scores / self.content_bias.shape[1] ** 0.5, axis=-1)


def block_size(length: int, most: int) -> int:
    """The size of equal blocks of at most so many rows, with the least padding."""
    return -(-length // -(-length // most))


def in_blocks(rows: Shaped[Array, " t *d"], block: int) -> Shaped[Array, "n b *d"]:
    """Rows in blocks, the last one padded."""
    rows = jnp.pad(rows, ((0, -rows.shape[0] % block), *((0, 0) for _ in rows.shape[1:])))
    return rows.reshape(-1, block, *rows.shape[1:])


def with_past(
    past: Float[Array, "p d"], rows: Float[Array, "t d"], block: int
) -> Float[Array, "n k d"]:
    """Each block of rows behind all blocks that the p rows before it reach into.

    Put together from as few slices as may be: by the blocks that one sees, or by the blocks.
    """
    back = -(-past.shape[0] // block)
    early = jnp.pad(past, ((back * block - past.shape[0], 0), (0, 0)))
    whole = in_blocks(jnp.concatenate([early, rows]), block)
    count = whole.shape[0] - back
    if back < count:
        return jnp.concatenate([whole[i : count + i] for i in range(back + 1)], axis=1)
    size = (back + 1) * block
    return jnp.stack([whole[i : i + back + 1].reshape(size, -1) for i in range(count)])


def key_ages(block: int, keys: int) -> Int[Array, "b k"]:
    """How long before each query of a block each of its keys was; negative for those after it."""
    queries = jnp.arange(block, dtype=jnp.int32)
    return queries[:, None] - jnp.arange(block - keys, block, dtype=jnp.int32)[None, :]


def under_keys(scores: Float[Array, "n h b w"], keys: int) -> Float[Array, "n h b k"]:
    """From scores of each query's window, oldest first, to scores of all keys of its block: 0
    outside of the window.

    The window of each query begins one key after that of the query before. Cutting padded rows
    again, one place shorter than they are, shifts each by one more than the row before.
    """
    n, heads, block, window = scores.shape
    rows = jnp.pad(scores, ((0, 0), (0, 0), (0, 0), (keys + 1 - block - window, block)))
    return rows.reshape(n, heads, -1)[..., : block * keys].reshape(n, heads, block, keys)
