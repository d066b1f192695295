"""No memory: the control in every comparison."""

from dataclasses import dataclass

import equinox as eqx
import jax
from jaxtyping import Array, Bool, Float, Key

from engrax.memory.arguments import check_step, check_unroll
from engrax.memory.base import AbstractMemory, AbstractMemorySizes, MemoryOutput
from engrax.memory.layout import Layout
from engrax.nn.checks import check_at_least
from engrax.nn.linear import apply, linear


@dataclass(frozen=True, kw_only=True)
class NoMemorySizes(AbstractMemorySizes):
    """No memory: the control."""

    width: int = 128
    """Width of the output."""

    def __post_init__(self):
        check_at_least(1, width=self.width)

    def build(self, layout: Layout | int, *, key: Key[Array, ""]) -> "NoMemory":
        """Builds the projection."""
        return NoMemory(layout, self, key=key)

    @classmethod
    def tiny(cls) -> "NoMemorySizes":
        """A width of 8."""
        return cls(width=8)


class NoMemory(AbstractMemory[tuple[()]]):
    """relu(W x + b): the present input, transformed, and nothing of the past."""

    projection: eqx.nn.Linear
    input_size: int = eqx.field(static=True)
    output_size: int = eqx.field(static=True)

    def __init__(
        self, layout: Layout | int, sizes: NoMemorySizes = NoMemorySizes(), *, key: Key[Array, ""]
    ):
        """Args: `layout` of inputs, `sizes`, and `key` for the parameters."""
        input_size = Layout.of(layout).size
        self.projection = linear(input_size, sizes.width, key=key, init="he")
        self.input_size, self.output_size = input_size, sizes.width

    @property
    def carries_gradient(self) -> bool:
        """No: nothing is remembered."""
        return False

    def init_state(self) -> tuple[()]:
        """Nothing."""
        return ()

    def step(
        self,
        state: tuple[()],
        x: Float[Array, " d"],
        first: Bool[Array, ""],
        *,
        key: Key[Array, ""] | None = None,
    ) -> tuple[tuple[()], MemoryOutput]:
        """The transformed input."""
        check_step(self, state, x, first)
        return state, MemoryOutput(jax.nn.relu(apply(self.projection, x)))

    def unroll(
        self,
        state: tuple[()] | None,
        xs: Float[Array, "t d"],
        firsts: Bool[Array, " t"],
        *,
        keys: Key[Array, " t"] | None = None,
    ) -> tuple[tuple[()], MemoryOutput]:
        """The transformed inputs."""
        check_unroll(self, xs, firsts)
        return (), MemoryOutput(jax.nn.relu(apply(self.projection, xs)))
