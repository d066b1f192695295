"""The two views of tasks on a grid: symbols, which are cheap, and the same squares in pixels."""

from typing import Literal, get_args

View = Literal["symbols", "pixels"]
"""What observations show."""

MODALITIES: dict[View, str] = {"symbols": "symbols", "pixels": "image"}
"""The name of each view in observations."""


def as_view(name: str) -> View:
    """The view of a name.

    Raises:
        ValueError: there is no such view.
    """
    for view in get_args(View):
        if name == view:
            return view
    raise ValueError(f"view is {name!r}, expected one of {', '.join(get_args(View))}")
