"""Linear layers, and their use over any leading axes."""

from typing import Literal

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Key

from engrax.nn.checks import check_at_least, check_choice

Initialiser = Literal["lecun", "he", "small", "identity", "minus_half"]
SCALES = {"lecun": 1.0, "he": 2.0, "small": 1e-4}
DIAGONALS = {"identity": 1.0, "minus_half": -0.5}


def linear(
    input_size: int,
    output_size: int,
    *,
    key: Key[Array, ""],
    bias: bool = True,
    init: Initialiser = "lecun",
) -> eqx.nn.Linear:
    """A linear layer with variance-scaled, fan-in, truncated-normal weights (or a diagonal) and
    zero biases.

    Args:
        input_size: width of the input.
        output_size: width of the output.
        key: for the weights.
        bias: whether there is one.
        init: `lecun` (variance 1/fan-in), `he` (2/fan-in), `small` (1e-4/fan-in, for policy heads),
            `identity` (ones on the diagonal: the identity), or `minus_half` (-1/2 on it).

    Raises:
        ValueError: a size is below 1, or `init` is unknown.
    """
    check_at_least(1, input_size=input_size, output_size=output_size)
    check_choice((*SCALES, *DIAGONALS), init=init)
    layer = eqx.nn.Linear(input_size, output_size, use_bias=bias, dtype=jnp.float32, key=key)
    weight = _weights((output_size, input_size), key, init)
    layer = eqx.tree_at(lambda where: where.weight, layer, weight)
    if not bias:
        return layer
    return eqx.tree_at(lambda where: where.bias, layer, jnp.zeros(output_size, jnp.float32))


def _weights(shape: tuple[int, int], key: Key[Array, ""], init: Initialiser) -> Float[Array, "o i"]:
    if init in DIAGONALS:
        return DIAGONALS[init] * jnp.eye(*shape, dtype=jnp.float32)
    scale = SCALES[init]
    make = jax.nn.initializers.variance_scaling(
        scale, "fan_in", "truncated_normal", in_axis=-1, out_axis=-2
    )
    return make(key, shape, jnp.float32)


def apply(layer: eqx.nn.Linear, x: Float[Array, "*batch i"]) -> Float[Array, "*batch o"]:
    """Applies the layer over all leading axes in one large matrix product."""
    y = jax.lax.dot_general(x, layer.weight, (((x.ndim - 1,), (1,)), ((), ())))
    return y if layer.bias is None else y + jnp.broadcast_to(layer.bias, y.shape)


class MLP(eqx.Module):
    """Hidden layers with ReLU and a linear output, over any leading axes."""

    layers: tuple[eqx.nn.Linear, ...]

    def __init__(
        self, sizes: tuple[int, ...], *, key: Key[Array, ""], last_init: Initialiser = "lecun"
    ):
        """Args: `sizes` from input to output; `last_init` of the output layer."""
        keys = jax.random.split(key, len(sizes) - 1)
        inits: list[Initialiser] = [*("he" for _ in sizes[2:]), last_init]
        pairs = zip(sizes[:-1], sizes[1:], inits, keys, strict=True)
        self.layers = tuple(linear(i, o, key=k, init=init) for i, o, init, k in pairs)

    def __call__(self, x: Float[Array, "*batch i"]) -> Float[Array, "*batch o"]:
        """`[..., i]` to `[..., o]`."""
        for layer in self.layers[:-1]:
            x = jax.nn.relu(apply(layer, x))
        return apply(self.layers[-1], x)


def standardised(x: Float[Array, "*batch d"]) -> Float[Array, "*batch d"]:
    """Zero mean and unit variance over the last axis, any leading axes."""
    centred = x - jnp.mean(x, axis=-1, keepdims=True)
    return centred * jax.lax.rsqrt(jnp.mean(jnp.square(centred), axis=-1, keepdims=True) + 1e-5)


class LayerNorm(eqx.Module):
    """Layer normalisation (Ba et al. 2016, arXiv 1607.06450) over the last axis, any leading
    axes.
    """

    scale: Float[Array, " d"]
    offset: Float[Array, " d"]

    def __init__(self, size: int):
        """Args: `size`, the width of what is normalised."""
        self.scale, self.offset = jnp.ones(size, jnp.float32), jnp.zeros(size, jnp.float32)

    def __call__(self, x: Float[Array, "*batch d"]) -> Float[Array, "*batch d"]:
        """Zero mean and unit variance, then scale and offset."""
        return standardised(x) * jnp.broadcast_to(self.scale, x.shape) + jnp.broadcast_to(
            self.offset, x.shape
        )
