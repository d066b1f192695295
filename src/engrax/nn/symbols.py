"""Categorical grids: embeddings as inputs, binary digits as targets."""

from itertools import accumulate
from math import ceil, log2

import jax.numpy as jnp
from jaxtyping import Array, Float, Integer

from engrax.types import SymbolsSpec


def block_shape(spec: SymbolsSpec, size: int) -> tuple[int, int]:
    """Rows and columns of a block of at most size x size squares."""
    return min(size, spec.height), min(size, spec.width)


def grid_of_blocks(height: int, width: int, block: tuple[int, int], whole: bool) -> tuple[int, int]:
    """Rows and columns of the blocks that lie within a grid, or that cover the whole of it."""
    high, wide = block
    return (-(-height // high), -(-width // wide)) if whole else (height // high, width // wide)


def blocks_of(
    grid: Integer[Array, "*n h w f"], block: tuple[int, int], whole: bool = False
) -> Integer[Array, "*n b s f"]:
    """Cuts a grid into blocks of squares.

    Args:
        grid: of symbols.
        block: rows and columns of a block.
        whole: whether a grid that blocks do not fill is padded with 0; else its margins are left
            out.
    """
    (height, width, features), (high, wide) = grid.shape[-3:], block
    rows, columns = grid_of_blocks(height, width, block, whole)
    if whole:
        margins = ((0, rows * high - height), (0, columns * wide - width), (0, 0))
        grid = jnp.pad(grid, ((0, 0),) * (grid.ndim - 3) + margins)
        height, width = rows * high, columns * wide
    top, left = (height - rows * high) // 2, (width - columns * wide) // 2
    cut = grid[..., top : top + rows * high, left : left + columns * wide, :]
    cut = cut.reshape(-1, rows, high, columns, wide, features).transpose(0, 1, 3, 2, 4, 5)
    return cut.reshape(*grid.shape[:-3], rows * columns, high * wide, features)


def grid_of(
    blocks: Integer[Array, "*n b s f"],
    height: int,
    width: int,
    block: tuple[int, int],
    whole: bool = False,
) -> Integer[Array, "*n h w f"]:
    """The inverse of `blocks_of`; 0 in margins that were left out."""
    rows, columns = grid_of_blocks(height, width, block, whole)
    (high, wide), features = block, blocks.shape[-1]
    apart = blocks.reshape(-1, rows, columns, high, wide, features).transpose(0, 1, 3, 2, 4, 5)
    inside = apart.reshape(*blocks.shape[:-3], rows * high, columns * wide, features)
    if whole:
        return inside[..., :height, :width, :]
    spare = height - rows * high, width - columns * wide
    margins = [(each // 2, each - each // 2) for each in spare]
    return jnp.pad(inside, [(0, 0)] * (inside.ndim - 3) + [*margins, (0, 0)])


def embed(
    symbols: Integer[Array, "*n f"], sizes: tuple[int, ...], embedding: Float[Array, "s e"]
) -> Float[Array, "*n e"]:
    """The sum of the embeddings of all features' values; rows are of the first feature's values,
    then the next's.

    Value 0 of a feature (no colour, an empty square) has no row, s = sum(sizes) - len(sizes). An
    empty square, the majority, gives no features. Rows are looked up, because products
    with one-hot codes take several times as long.
    """
    ends = accumulate(size - 1 for size in sizes)
    tables = (embedding[end - size + 1 : end] for end, size in zip(ends, sizes, strict=True))
    looked_up = (jnp.pad(rows, ((1, 0), (0, 0)))[symbols[..., i]] for i, rows in enumerate(tables))
    nothing = jnp.zeros((*symbols.shape[:-1], embedding.shape[1]), embedding.dtype)
    return sum(looked_up, start=nothing)


def num_digits(sizes: tuple[int, ...]) -> int:
    """The number of binary digits of one value of each feature."""
    return sum(ceil(log2(size)) if size > 1 else 1 for size in sizes)


def binary_digits(symbols: Integer[Array, "*n f"], sizes: tuple[int, ...]) -> Float[Array, "*n b"]:
    """The values of all features in binary, 0.0 or 1.0 a digit: b = num_digits(sizes), far fewer
    than one-hot codes.
    """
    digits = []
    for i, size in enumerate(sizes):
        shifts = jnp.arange(num_digits((size,)), dtype=symbols.dtype)
        digits.append(
            (
                symbols[..., i : i + 1]
                >> jnp.broadcast_to(shifts, (*symbols.shape[:-1], shifts.size))
            )
            & 1
        )
    return jnp.concatenate(digits, axis=-1).astype(jnp.float32)


def values_of(digits: Float[Array, "*n b"], sizes: tuple[int, ...]) -> Integer[Array, "*n f"]:
    """The values whose binary digits are nearest, each at most the largest of its feature."""
    values, start = [], 0
    for size in sizes:
        count = num_digits((size,))
        near = (digits[..., start : start + count] > 0.5).astype(jnp.int32)
        powers = jnp.broadcast_to(2 ** jnp.arange(count, dtype=jnp.int32), near.shape)
        values.append(jnp.minimum(jnp.sum(near * powers, axis=-1), size - 1))
        start += count
    return jnp.stack(values, axis=-1)
