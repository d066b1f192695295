"""Sampling without repetition, cheap enough for every step of every stream.

Under `vmap` an environment draws a fresh episode at every step and mostly throws it away. So
nothing is sorted and few random words are spent: the draw is a Lehmer code, whose digits share
32-bit words.
"""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
from jaxtyping import Array, Int, Key

_WORD_CAPACITY = 2**17  # the digits of one word are uniform to one part in 2**32 / 2**17 = 32768


def falling(size: int, count: int) -> tuple[int, ...]:
    """The number of choices left at each of `count` draws without repetition out of `size`."""
    return tuple(size - i for i in range(count))


def uniform_digits(key: Key[Array, ""], sizes: Sequence[int]) -> list[Int[Array, ""]]:
    """Independent integers, the i-th uniform over 0..sizes[i]-1 to one part in 32768.

    Args:
        key: of the draw.
        sizes: each from 1 to 131072.

    Returns:
        One int32 scalar a size. Scalars, not a vector: under `vmap` each becomes one dense vector
        over streams.
    """
    groups = _group(sizes)
    words = jax.random.bits(key, (len(groups),), jnp.uint32)
    return [digit for i, group in enumerate(groups) for digit in _split(words[i], group)]


def without_repetition(digits: Sequence[Int[Array, ""]]) -> list[Int[Array, ""]]:
    """The items that a Lehmer code picks: digit i says which of the items still left is picked
    i-th.

    Args:
        digits: the i-th over 0..n-1-i.

    Returns:
        Distinct items of 0..n-1, each arrangement as likely as its code.
    """
    items: list[Int[Array, ""]] = []
    for digit in reversed(digits):
        items = [digit, *(item + (item >= digit).astype(item.dtype) for item in items)]
    return items


def _group(sizes: Sequence[int]) -> list[list[int]]:
    """Splits the sizes, in order, into groups whose digits one word can carry."""
    groups, product = [[]], 1
    for size in sizes:
        product *= size
        if product > _WORD_CAPACITY:
            groups.append([])
            product = size
        groups[-1].append(size)
    return groups


def _split(word: Array, sizes: Sequence[int]) -> list[Int[Array, ""]]:
    """Reads one word as a number in the mixed base `sizes`, lowest digit first."""
    digits = []
    for size in sizes:
        digits.append((word % jnp.uint32(size)).astype(jnp.int32))
        word = word // jnp.uint32(size)
    return digits
