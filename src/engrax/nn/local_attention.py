"""Causal attention over the last few steps, with relative positions."""

from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, Key

from engrax.nn.linear import apply, linear
from engrax.nn.positions import sinusoids

MASKED = -1e9


class KeysValues(NamedTuple):
    """Projected keys and values of remembered inputs, `[..., d]` each."""

    keys: Float[Array, "*n d"]
    values: Float[Array, "*n d"]


class LocalAttention(eqx.Module):
    """Multi-head attention of each step to itself and the window - 1 steps before it.

    The score of a key o steps back is ((q + u) . k + (q + v) . r_o) / sqrt(head size), with r_o a learned projection
    of the sinusoidal code of o and u, v learned (Dai et al. 2019, arXiv 1901.02860, section 3.3).
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

    def __init__(self, size: int, num_heads: int, window: int, *, key: Key[Array, ""]):
        """Args: `size` of inputs and outputs, heads, and the `window` in steps, the current one included."""
        if size % num_heads:
            raise ValueError(f"width {size} cannot be cut into {num_heads} heads: choose heads that divide it")
        keys = jax.random.split(key, 5)
        self.query, self.key, self.value = (linear(size, size, key=k) for k in keys[:3])
        self.output = linear(size, size, key=keys[3], init="small")
        self.position = linear(size, size, key=keys[4], bias=False)
        self.content_bias = self.position_bias = jnp.zeros((num_heads, size // num_heads))
        self.num_heads, self.window = num_heads, window

    def project(self, xs: Float[Array, "*n d"]) -> KeysValues:
        """Keys and values of inputs: what a cache holds."""
        return KeysValues(apply(self.key, xs), apply(self.value, xs))

    def attend_window(
        self, x: Float[Array, " d"], past: KeysValues, steps_ago: Int[Array, " w"], reach: Int[Array, ""]
    ) -> Float[Array, " d"]:
        """One step's attention to a ring of w rows.

        Args:
            x: the current input.
            past: keys and values of the last w steps, the current one included, in any order.
            steps_ago: how long ago each row was written, 0 for the current step.
            reach: rows up to this many steps ago belong to the episode.
        """
        query = self._heads(apply(self.query, x))
        by_content = jnp.einsum("he,whe->hw", query + self.content_bias, self._heads(past.keys))
        by_position = jnp.einsum("he,ohe->ho", query + self.position_bias, self._position_keys())
        scores = by_content + by_position[:, steps_ago]
        weights = self._softmax(jnp.where(steps_ago <= reach, scores, MASKED))
        mixed = jnp.einsum("hw,whe->he", weights, self._heads(past.values))
        return apply(self.output, mixed.reshape(-1))

    def attend_sequence(
        self, xs: Float[Array, "t d"], past: KeysValues, reaches: Int[Array, " t"]
    ) -> Float[Array, "t d"]:
        """Every step's attention at once, in blocks of a window, so that the cost grows with t and not its square.

        Args:
            xs: t inputs.
            past: keys and values of the window - 1 steps before them, oldest first.
            reaches: how many steps before each one belong to its episode.
        """
        length, window = xs.shape[0], self.window
        blocks = -(-length // window)
        queries = self._blocks(apply(self.query, xs), blocks)
        keys, values = (self._pairs(p, n, blocks) for p, n in zip(past, self.project(xs), strict=True))
        by_content = jnp.einsum("nihe,njhe->nhij", queries + self.content_bias[None, None], keys)
        by_position = jnp.einsum("nihe,ohe->nhio", queries + self.position_bias[None, None], self._position_keys())
        scores = band(by_content) + by_position[..., ::-1]
        back = jnp.arange(window - 1, -1, -1)
        padded = jnp.pad(reaches, (0, blocks * window - length)).reshape(blocks, 1, window, 1)
        weights = self._softmax(jnp.where(back[None, None, None, :] <= padded, scores, MASKED))
        mixed = jnp.einsum("nhij,njhe->nihe", unband(weights), values)
        return apply(self.output, mixed.reshape(blocks * window, -1)[:length])

    def _heads(self, rows: Float[Array, "*n d"]) -> Float[Array, "*n h e"]:
        return rows.reshape(*rows.shape[:-1], self.num_heads, -1)

    def _position_keys(self) -> Float[Array, "o h e"]:
        codes = sinusoids(jnp.arange(self.window, dtype=jnp.float32), self.position.weight.shape[1])
        return apply(self.position, codes).reshape(self.window, *self.position_bias.shape)

    def _softmax(self, scores: Float[Array, "*n w"]) -> Float[Array, "*n w"]:
        return jax.nn.softmax(scores / self.content_bias.shape[1] ** 0.5, axis=-1)

    def _blocks(self, rows: Float[Array, "t d"], blocks: int) -> Float[Array, "n w h e"]:
        rows = jnp.pad(rows, ((0, blocks * self.window - rows.shape[0]), (0, 0)))
        return rows.reshape(blocks, self.window, *self.content_bias.shape)

    def _pairs(self, past: Float[Array, "p d"], rows: Float[Array, "t d"], blocks: int) -> Float[Array, "n w2 h e"]:
        """Each block's rows behind those of the block before it."""
        early = jnp.pad(past, ((1, 0), (0, 0)))
        whole = self._blocks(jnp.concatenate([early, rows]), blocks + 1)
        return jnp.concatenate([whole[:-1], whole[1:]], axis=1)


def band(scores: Float[Array, "n h w w2"]) -> Float[Array, "n h w w"]:
    """From scores against two blocks of keys, those of the window of each query: oldest first, itself last.

    Query i reads keys i+1..i+w of the 2w; a pad and a reshape bring that diagonal band into columns.
    """
    n, heads, window, _ = scores.shape
    flat = scores.reshape(n, heads, -1)[..., 1:]
    flat = jnp.pad(flat, ((0, 0), (0, 0), (0, window + 1)))
    return flat.reshape(n, heads, window, 2 * window + 1)[..., :window]


def unband(weights: Float[Array, "n h w w"]) -> Float[Array, "n h w w2"]:
    """The inverse of `band`: window weights back over two blocks of keys, zero elsewhere."""
    n, heads, window, _ = weights.shape
    wide = jnp.pad(weights, ((0, 0), (0, 0), (0, 0), (1, window)))
    flat = wide.reshape(n, heads, -1)[..., : 2 * window * window]
    return flat.reshape(n, heads, window, 2 * window)
