"""The memory contract, and what the settings of every memory have in common."""

import abc
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, NamedTuple, TypeVar

import equinox as eqx
from jaxtyping import Array, Bool, Float, Int, Key, PyTree

from engrax.memory.layout import Layout
from engrax.nn.checks import check_at_least
from engrax.types import Recall

S = TypeVar("S")


class MemoryOutput(NamedTuple):
    """What a memory puts out in one step, or in each of t steps.

    Attributes:
        h: the output.
        recall: what the step attended to; None of a memory that attends to no items, and of
            `unroll`, where the parallel forms have no list of items for each step.
        auxiliary: losses of the memory's own by name, already weighted, which learners add.
    """

    h: Float[Array, "*t h"]
    recall: Recall | None = None
    auxiliary: Mapping[str, Float[Array, "*t"]] = {}


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
    6. `pack(unpack(packed))` is `packed`, and `refresh` under unchanged parameters is the identity
       to rounding.
    7. A recall shows items of this episode only.
    8. `unroll(None, ...)` equals `unroll(init_state(), ...)`.

    Attributes:
        input_size: d, the width of an input.
        output_size: h, the width of an output.
    """

    input_size: eqx.AbstractVar[int]
    output_size: eqx.AbstractVar[int]
    unit: ClassVar[str | None] = None
    """What `without` leaves out: a "chunk", a "row" or a "step"; None of a memory without items."""

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
        self,
        state: S,
        x: Float[Array, " d"],
        first: Bool[Array, ""],
        *,
        key: Key[Array, ""] | None = None,
    ) -> tuple[S, MemoryOutput]:
        """Reads with one input, then stores it. Where `first`, the state counts as empty.

        Args:
            state: after the step before.
            x: the input.
            first: whether an episode begins with it.
            key: for a memory that draws at random; the others ignore it.
        """

    @abc.abstractmethod
    def unroll(
        self,
        state: S | None,
        xs: Float[Array, "t d"],
        firsts: Bool[Array, " t"],
        *,
        keys: Key[Array, " t"] | None = None,
    ) -> tuple[S, MemoryOutput]:
        """The same as `step` over time, in the fastest way; a state of None is an empty memory."""

    def pack(self, state: S) -> PyTree:
        """The part of a state from which `unpack` can compute the rest: what does not depend on
        the parameters.

        Segments keep it, and actors send it. All of the state, unless a memory caches something.
        """
        return state

    def unpack(self, packed: PyTree) -> S:
        """The state with a packed part: all that is cached is computed with these parameters."""
        return packed

    def refresh(self, state: S) -> S:
        """Computes again what the state caches, after the parameters have changed."""
        return self.unpack(self.pack(state))

    def usage(self, state: S) -> Float[Array, " n"] | None:
        """How much each row is in use; None of a memory that keeps no account of it."""
        del state
        return None

    def without(self, state: S, unit: Int[Array, ""]) -> tuple["AbstractMemory[S]", S]:
        """A memory and a state whose next step cannot find one group of items of its recall.

        For analysis: what the group is worth is how much the output changes.

        Args:
            state: before the step.
            unit: the number of the group among those of the recall; -1 leaves out none.

        Raises:
            NotImplementedError: the memory has no items.
        """
        raise NotImplementedError(f"{type(self).__name__} has no items that could be left out")


@dataclass(frozen=True, kw_only=True)
class AbstractMemorySizes(abc.ABC):
    """The settings of a memory: a frozen dataclass with a docstring under every field.

    Values are checked when an object is made (`__post_init__`): a ValueError in one line says which
    value is wrong, what was expected, and what to change.
    """

    @abc.abstractmethod
    def build(self, layout: Layout | int, *, key: Key[Array, ""]) -> AbstractMemory[Any]:
        """Builds the memory.

        Args:
            layout: of its inputs; a number d is the layout of one part of that width.
            key: draws the parameters.
        """

    @classmethod
    @abc.abstractmethod
    def tiny(cls) -> "AbstractMemorySizes":
        """Sizes for tests and debugging: everything compiles and runs fast."""
