"""The parts of a memory's input."""

from collections.abc import Mapping
from dataclasses import dataclass

import jax
from jaxtyping import Array, Float

from engrax.nn.checks import check_at_least


@dataclass(frozen=True)
class Layout:
    """The parts of an input x, one after the other: what each is called, and how wide it is.

    Most memories need only the sum of the widths. One that plans, or that stores actions apart from
    observations, takes its inputs apart with `split`.

    Attributes:
        parts: pairs of a name and a width.
    """

    parts: tuple[tuple[str, int], ...]

    def __post_init__(self):
        names = [name for name, _ in self.parts]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"a layout has {twice[0]!r} twice: give each part its own name")
        for name, width in self.parts:
            check_at_least(0, **{f"the width of {name!r}": width})

    @classmethod
    def of(cls, layout: "int | Mapping[str, int] | Layout") -> "Layout":
        """A layout from its widths by name, or one part, `x`, from its width."""
        if isinstance(layout, Layout):
            return layout
        if isinstance(layout, Mapping):
            return cls(tuple(layout.items()))
        check_at_least(1, input_size=layout)
        return cls((("x", layout),))

    @property
    def size(self) -> int:
        """d, the width of the whole input."""
        return sum(width for _, width in self.parts)

    def split(self, x: Float[Array, "*t d"]) -> dict[str, Float[Array, "*t _"]]:
        """The parts of an input by name, over any leading axes."""
        parts = jax.lax.split(x, [width for _, width in self.parts], axis=x.ndim - 1)
        return {name: part for (name, _), part in zip(self.parts, parts, strict=True)}
