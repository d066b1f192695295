"""No memory: the control in every comparison."""

import equinox as eqx
import jax
from jaxtyping import Array, Bool, Float, Key

from engrax.memory.base import AbstractMemory
from engrax.nn.linear import apply, linear


class NoMemory(AbstractMemory[tuple[()]]):
    """relu(W x + b): the present input, transformed, and nothing of the past."""

    projection: eqx.nn.Linear
    input_size: int = eqx.field(static=True)
    output_size: int = eqx.field(static=True)

    def __init__(self, input_size: int, *, width: int = 64, key: Key[Array, ""]):
        """Args: `input_size`, `width` of the output, `key` for the parameters."""
        self.projection = linear(input_size, width, key=key, init="he")
        self.input_size, self.output_size = input_size, width

    def init_state(self) -> tuple[()]:
        """Nothing."""
        return ()

    def step(
        self, state: tuple[()], x: Float[Array, " d"], first: Bool[Array, ""]
    ) -> tuple[tuple[()], Float[Array, " h"]]:
        """The transformed input."""
        return state, jax.nn.relu(apply(self.projection, x))

    def unroll(
        self, state: tuple[()] | None, xs: Float[Array, "t d"], firsts: Bool[Array, " t"]
    ) -> tuple[tuple[()], Float[Array, "t h"]]:
        """The transformed inputs."""
        return (), jax.nn.relu(apply(self.projection, xs))
