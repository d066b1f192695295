"""Shuffled numbers of which any one can be read alone: nothing is sorted, and little is kept.

A deal is a Feistel network of four rounds over the bits of a number, whose round functions are
tables of random bits. Such a network is a permutation whatever its tables are.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Int, Key, UInt32

ROUNDS = 4


def deal(key: Key[Array, ""], bits: int) -> UInt32[Array, "4 w"]:
    """Shuffles the numbers 0 .. 2**bits - 1.

    Args:
        key: of the shuffle.
        bits: even, from 2 to 8.

    Returns:
        The tables of the rounds, for `item`.
    """
    half = bits // 2
    return jax.random.bits(key, (ROUNDS, _words_of(half)), jnp.uint32)


def _words_of(half: int) -> int:
    """The words of a table with 2**half entries of so many bits."""
    return -(-(2**half * half) // 32)


def item(tables: UInt32[Array, "4 w"], index: Int[Array, ""], bits: int) -> Int[Array, ""]:
    """The number that is dealt at a place; different places have different numbers.

    Args:
        tables: of a `deal` of so many bits.
        index: the place, 0 .. 2**bits - 1.
        bits: as they were dealt.
    """
    half = bits // 2
    low = jnp.uint32(2**half - 1)
    left, right = index.astype(jnp.uint32) >> half, index.astype(jnp.uint32) & low
    for table in tables:
        left, right = right, left ^ (_entry(table, right, half) & low)
    return (left << half | right).astype(jnp.int32)


def _entry(table: UInt32[Array, " w"], place: Array, half: int) -> Array:
    """The bits of a table from an entry on."""
    in_a_word = 2**half // table.size
    word = table[0]
    for number in range(1, table.size):
        word = jnp.where(place // in_a_word == number, table[number], word)
    return word >> (place % in_a_word * half)
