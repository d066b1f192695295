"""Checks of sizes and choices. Each error is one line: value, expectation, remedy."""

from collections.abc import Iterable
from math import lcm
from numbers import Integral


def check_at_least(least: int, **sizes: int) -> None:
    """Raises ValueError unless every size is a whole number and large enough.

    Args:
        least: the smallest size that is allowed.
        **sizes: the sizes by name.
    """
    for name, size in sizes.items():
        if isinstance(size, bool) or not isinstance(size, Integral) or size < least:
            raise ValueError(
                f"{name} is {size!r}, expected a whole number of at least {least}: set {name} to "
                f"{least} or more"
            )


def check_choice(choices: Iterable[str], **settings: str) -> None:
    """Raises ValueError unless every setting is one of the choices.

    Args:
        choices: what is allowed.
        **settings: the settings by name.
    """
    choices = list(choices)
    for name, value in settings.items():
        if value not in choices:
            raise ValueError(f"{name} is {value!r}, expected one of: {', '.join(choices)}")


def check_width(width: int, num_heads: int) -> None:
    """Raises ValueError for a width that sinusoidal codes or attention heads do not divide."""
    check_at_least(1, width=width, num_heads=num_heads)
    step = lcm(2, num_heads)
    if width % step:
        raise ValueError(
            f"width is {width} and num_heads {num_heads}, expected an even width that the heads "
            f"divide: set width to {-(-width // step) * step}"
        )
