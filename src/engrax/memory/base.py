"""The memory contract, and what the settings of every memory have in common."""

import abc
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import equinox as eqx
from jaxtyping import Array, Bool, Float, Key

from engrax.nn.checks import check_at_least
from engrax.types import Recall, nothing_recalled

S = TypeVar("S")


class AbstractMemory(eqx.Module, Generic[S]):
    """Maps a stream of inputs to a stream of outputs, which may depend on the past of the episode.

    One stream, no batch axis: `jax.vmap` adds streams. The laws, which
    `engrax.testing.check_memory` tests:

    1. The state's tree, shapes and dtypes never change.
    2. `unroll` equals a scan of `step`, and two pieces equal the whole.
    3. Streams do not touch one another under `vmap`, also when at different steps of their
       episodes.
    4. From `first` on, neither output nor gradient depends on anything earlier. That holds for any
       finite state, and for any earlier inputs, also those that are not finite.
    5. Gradients are finite, from an empty memory too; from a refreshed state those of `unroll` are
       those of a scan, and if the memory `carries_gradient` they reach earlier inputs.
    6. `refresh` under unchanged parameters is the identity to rounding.
    7. `recall` shows items of this episode only, and is empty for a memory that attends to nothing.
    8. `unroll(None, ...)` equals `unroll(init_state(), ...)`.

    Attributes:
        input_size: d, the width of an input.
        output_size: h, the width of an output.
    """

    input_size: eqx.AbstractVar[int]
    output_size: eqx.AbstractVar[int]

    def __check_init__(self):
        check_at_least(1, input_size=self.input_size, output_size=self.output_size)

    def __hash__(self):
        try:
            return super().__hash__()
        except TypeError:
            raise TypeError(
                f"{type(self).__name__} holds arrays and cannot be hashed, as jax.jit(memory.step) "
                "needs: use eqx.filter_jit(memory.step), or pass the memory as an argument"
            ) from None

    @property
    def carries_gradient(self) -> bool:
        """Whether the gradient of an output reaches earlier inputs.

        False for a control that remembers nothing, and where all is stored without gradient.
        """
        return True

    @abc.abstractmethod
    def init_state(self) -> S:
        """An empty memory: what any state is where `first`."""

    @abc.abstractmethod
    def step(
        self, state: S, x: Float[Array, " d"], first: Bool[Array, ""]
    ) -> tuple[S, Float[Array, " h"]]:
        """Reads with one input, then stores it. Where `first`, the state counts as empty."""

    @abc.abstractmethod
    def unroll(
        self, state: S | None, xs: Float[Array, "t d"], firsts: Bool[Array, " t"]
    ) -> tuple[S, Float[Array, "t h"]]:
        """The same as `step` over time, in the fastest way; a state of None is an empty memory."""

    def refresh(self, state: S) -> S:
        """Recomputes what the state caches of the parameters, after they change."""
        return state

    def recall(self, state: S, x: Float[Array, " d"], first: Bool[Array, ""]) -> Recall:
        """What a `step` with these arguments would attend to; empty if it attends to no items."""
        del state, x, first
        return nothing_recalled()


@dataclass(frozen=True, kw_only=True)
class AbstractMemorySizes(abc.ABC):
    """The settings of a memory: a frozen dataclass with a docstring under every field.

    Values are checked when an object is made (`__post_init__`): a ValueError in one line says which
    value is wrong, what was expected, and what to change.
    """

    @abc.abstractmethod
    def build(self, input_size: int, *, key: Key[Array, ""]) -> AbstractMemory[Any]:
        """Builds the memory.

        Args:
            input_size: d, the width of its inputs.
            key: draws the parameters.
        """

    @classmethod
    @abc.abstractmethod
    def tiny(cls) -> "AbstractMemorySizes":
        """Sizes for tests and debugging: everything compiles and runs fast."""
