"""The two views of tasks on a grid: symbols, which are cheap, and the same squares in pixels."""

from typing import Literal

View = Literal["symbols", "pixels"]
"""What observations show."""

MODALITIES: dict[View, str] = {"symbols": "symbols", "pixels": "image"}
"""The name of each view in observations."""
