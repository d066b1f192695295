"""Convolutional networks over batches of images [n, height, width, channels]."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Key

from engrax.nn.mosaic import padded, tiles_of
from engrax.types import ImageSpec

CHANNELS = (16, 32, 32)


class Convolution(eqx.Module):
    """A convolution with bias; He-initialised."""

    kernel: Float[Array, "k k i o"]
    bias: Float[Array, " o"]
    stride: int = eqx.field(static=True)
    padding: str = eqx.field(static=True)

    def __init__(
        self,
        size: int,
        channels: tuple[int, int],
        *,
        stride: int = 1,
        padding: str = "SAME",
        key: Key[Array, ""],
    ):
        """Args: kernel edge, channels in and out, stride, `SAME` or `VALID`, key."""
        shape = (size, size, *channels)
        self.kernel = jax.nn.initializers.he_normal(in_axis=(0, 1, 2), out_axis=3)(
            key, shape, jnp.float32
        )
        self.bias = jnp.zeros(channels[1], jnp.float32)
        self.stride, self.padding = stride, padding

    def __call__(self, x: Float[Array, "n h w i"]) -> Float[Array, "n a b o"]:
        """Convolves."""
        convolve = as_product if jax.default_backend() == "cpu" else by_xla
        y = convolve(x, self.kernel, self.stride, self.padding)
        return y + jnp.broadcast_to(self.bias, y.shape)


def by_xla(
    x: Float[Array, "n h w i"], kernel: Float[Array, "k k i o"], stride: int, padding: str
) -> Float[Array, "n a b o"]:
    """A convolution as XLA computes it."""
    strides, numbers = (stride, stride), ("NHWC", "HWIO", "NHWC")
    return jax.lax.conv_general_dilated(x, kernel, strides, padding, dimension_numbers=numbers)


def as_product(
    x: Float[Array, "n h w i"], kernel: Float[Array, "k k i o"], stride: int, padding: str
) -> Float[Array, "n a b o"]:
    """The same as one matrix product over the patches under the kernel.

    On a CPU the gradient of XLA's convolution takes ten times as long inside of a loop as outside
    of it (jax issue 12868), and learning is a loop over minibatches.
    """
    size, outputs = kernel.shape[0], kernel.shape[-1]
    return _patches(x, size, stride, padding) @ kernel.reshape(-1, outputs)


def _patches(
    x: Float[Array, "n h w i"], size: int, stride: int, padding: str
) -> Float[Array, "n a b p"]:
    """The squares with an edge of `size` pixels that are `stride` apart, each flattened."""
    edges = x.shape[1:3]
    margins = jax.lax.padtype_to_pads(edges, (size, size), (stride, stride), padding)
    x = jnp.pad(x, ((0, 0), *margins, (0, 0)))
    rows, columns = ((edge - size) // stride + 1 for edge in x.shape[1:3])
    if size == stride:
        tiles = tiles_of(x[:, : rows * size, : columns * size], size)
        return tiles.reshape(x.shape[0], rows, columns, -1)
    ends = (rows - 1) * stride + 1, (columns - 1) * stride + 1
    shifted = [
        x[:, top : top + ends[0] : stride, left : left + ends[1] : stride]
        for top in range(size)
        for left in range(size)
    ]
    return jnp.concatenate(shifted, axis=-1)


class TileCNN(eqx.Module):
    """For tiled images: one kernel per tile, then two 3x3 layers over the grid of tiles."""

    layers: tuple[Convolution, ...]
    tile: int = eqx.field(static=True)

    def __init__(self, spec: ImageSpec, tile: int, *, key: Key[Array, ""]):
        """Args: the spec, pixels along a tile's edge, key."""
        keys = jax.random.split(key, 3)
        first = Convolution(
            tile, (spec.channels, CHANNELS[0]), stride=tile, padding="VALID", key=keys[0]
        )
        pairs = zip(CHANNELS[:-1], CHANNELS[1:], keys[1:], strict=True)
        self.tile = tile
        self.layers = (first, *(Convolution(3, (i, o), key=k) for i, o, k in pairs))

    def __call__(self, x: Float[Array, "n h w c"]) -> Float[Array, "n a b o"]:
        """Features of each tile with its neighbourhood."""
        x = padded(x, self.tile)
        for layer in self.layers:
            x = jax.nn.relu(layer(x))
        return x


class ResidualBlock(eqx.Module):
    """x + conv(relu(conv(relu(x))))."""

    layers: tuple[Convolution, Convolution]

    def __init__(self, channels: int, *, key: Key[Array, ""]):
        """Args: channels, key."""
        first, second = jax.random.split(key)
        pair = (channels, channels)
        self.layers = (Convolution(3, pair, key=first), Convolution(3, pair, key=second))

    def __call__(self, x: Float[Array, "n h w c"]) -> Float[Array, "n h w c"]:
        """Adds the residual."""
        return x + self.layers[1](jax.nn.relu(self.layers[0](jax.nn.relu(x))))


class ResNet(eqx.Module):
    """IMPALA's deep network (Espeholt et al. 2018, figure 3): 3 x (convolution, pool by 2, two
    residual blocks).
    """

    stages: tuple[tuple[Convolution, ResidualBlock, ResidualBlock], ...]

    def __init__(self, spec: ImageSpec, tile: int, *, key: Key[Array, ""]):
        """Args: the spec, a tile size that it ignores, key."""
        del tile
        pairs = zip(
            (spec.channels, *CHANNELS[:-1]), CHANNELS, jax.random.split(key, 3), strict=True
        )
        self.stages = tuple(self._stage(i, o, k) for i, o, k in pairs)

    def _stage(self, inputs: int, outputs: int, key: Key[Array, ""]):
        keys = jax.random.split(key, 3)
        blocks = (ResidualBlock(outputs, key=keys[1]), ResidualBlock(outputs, key=keys[2]))
        return (Convolution(3, (inputs, outputs), key=keys[0]), *blocks)

    def __call__(self, x: Float[Array, "n h w c"]) -> Float[Array, "n a b o"]:
        """Features at an eighth of the resolution."""
        for convolution, *blocks in self.stages:
            window, strides = (1, 3, 3, 1), (1, 2, 2, 1)
            x = jax.lax.reduce_window(
                convolution(x), -jnp.inf, jax.lax.max, window, strides, "SAME"
            )
            for block in blocks:
                x = block(x)
        return jax.nn.relu(x)


def features_of_pixels(network: TileCNN | ResNet, spec: ImageSpec) -> int:
    """The number of features of one image."""
    image = jax.ShapeDtypeStruct((1, *spec.shape), jnp.float32)
    return jax.eval_shape(network, image).size
