"""How objects look: a colour and a shape, numbered together and dealt without repetition."""

import jax.numpy as jnp
from jaxtyping import Array, Int, Key, UInt32

from engrax.envs.grid.deal import deal, item
from engrax.envs.grid.tables import COLOURS, SHAPES

APPEARANCES = len(COLOURS) * len(SHAPES)
"""All pairs of a colour and a shape."""
_BITS = 8  # of these, 256 are dealt


def shape_and_colour(number: Int[Array, "*n"]) -> tuple[Int[Array, "*n"], Int[Array, "*n"]]:
    """The shape, 0..14, and the colour, 0..18, of an appearance by its number."""
    return jnp.divmod(number, len(COLOURS))


def deal_appearances(key: Key[Array, ""]) -> UInt32[Array, "4 2"]:
    """Shuffles 256 appearances, for `dealt_appearance`."""
    return deal(key, _BITS)


def dealt_appearance(
    tables: UInt32[Array, "4 2"], index: Int[Array, ""]
) -> tuple[Int[Array, ""], Int[Array, ""]]:
    """The shape and the colour that are dealt at a place, 0..255; no two places have the same."""
    return shape_and_colour(item(tables, index, _BITS))
