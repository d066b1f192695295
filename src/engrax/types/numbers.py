"""Numbers that a compiled program may take as arguments."""

from jaxtyping import Array, Float

Number = float | Float[Array, ""]
"""A real number, or a scalar float32 array, traced or not."""
