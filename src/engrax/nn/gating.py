"""Residual connections around a sub-layer: normalised after it, or gated."""

import abc

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Key

from engrax.nn.linear import LayerNorm, apply, linear


class GRUGate(eqx.Module):
    """r = sigmoid(W_r y + U_r x);  z = sigmoid(W_z y + U_z x - b);  x + z (tanh(W_g y + U_g (r x))
    - x).

    Source: Parisotto et al. 2019, arXiv 1910.06764, section 3.2, "Gated-Recurrent-Unit-type
    gating". W of all three are one product, and so are U_r and U_z.
    """

    from_output: eqx.nn.Linear
    from_stream: eqx.nn.Linear
    from_reset: eqx.nn.Linear
    bias: Float[Array, " d"]

    def __init__(self, size: int, bias: float, *, key: Key[Array, ""]):
        """Args: `size` of x and y, where b starts, `key` for the weights."""
        keys = jax.random.split(key, 3)
        outputs = zip((3, 2, 1), keys, strict=True)
        self.from_output, self.from_stream, self.from_reset = (
            linear(size, n * size, key=k, bias=False) for n, k in outputs
        )
        self.bias = jnp.full(size, bias, jnp.float32)

    def __call__(self, x: Float[Array, "*t d"], y: Float[Array, "*t d"]) -> Float[Array, "*t d"]:
        """The stream x after the gated update with y."""
        reset, update, candidate = jnp.split(apply(self.from_output, y), 3, axis=-1)
        stream_reset, stream_update = jnp.split(apply(self.from_stream, x), 2, axis=-1)
        r = jax.nn.sigmoid(reset + stream_reset)
        z = jax.nn.sigmoid(update + stream_update - jnp.broadcast_to(self.bias, x.shape))
        return x + z * (jnp.tanh(candidate + apply(self.from_reset, r * x)) - x)


class AbstractResidual(eqx.Module):
    """A residual connection of the stream x around a sub-layer f: join(x, f(enter(x)))."""

    @abc.abstractmethod
    def enter(self, x: Float[Array, "*t d"]) -> Float[Array, "*t d"]:
        """The input of the sub-layer."""

    @abc.abstractmethod
    def join(self, x: Float[Array, "*t d"], y: Float[Array, "*t d"]) -> Float[Array, "*t d"]:
        """The stream after the sub-layer with output y."""


class PostNorm(AbstractResidual):
    """LN(x + f(x)). Source: Dai et al. 2019, arXiv 1901.02860, section 3.3."""

    norm: LayerNorm

    def __init__(self, size: int, *, key: Key[Array, ""]):
        """Args: `size` of the stream; the key is not needed."""
        del key
        self.norm = LayerNorm(size)

    def enter(self, x: Float[Array, "*t d"]) -> Float[Array, "*t d"]:
        """The stream, unchanged."""
        return x

    def join(self, x: Float[Array, "*t d"], y: Float[Array, "*t d"]) -> Float[Array, "*t d"]:
        """The normalised sum."""
        return self.norm(x + y)


class Gated(AbstractResidual):
    """gate(x, relu(f(LN x))), so that the stream itself is never normalised.

    Source: Parisotto et al. 2019, arXiv 1910.06764, section 3: identity-map reordering, and gates
    in place of sums. With a bias of 2 a gate starts mostly closed, and the stack near the identity.
    """

    norm: LayerNorm
    gate: GRUGate

    def __init__(self, size: int, *, bias: float = 2.0, key: Key[Array, ""]):
        """Args: `size` of the stream, `bias` that the gate starts with, `key` for its weights."""
        self.norm, self.gate = LayerNorm(size), GRUGate(size, bias, key=key)

    def enter(self, x: Float[Array, "*t d"]) -> Float[Array, "*t d"]:
        """The stream, normalised."""
        return self.norm(x)

    def join(self, x: Float[Array, "*t d"], y: Float[Array, "*t d"]) -> Float[Array, "*t d"]:
        """The gated combination of the stream and the sub-layer's output."""
        return self.gate(x, jax.nn.relu(y))
