"""Means and variances over the steps that count, on one device or over several.

Masked entries are replaced before the arithmetic, so that they may be anything, NaN included.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float

Total = Callable[[Any], Any]
"""Sums each array of a tree over the devices that share a computation."""


def alone(tree: Any) -> Any:
    """The total of one device: the tree itself."""
    return tree


class Moments(NamedTuple):
    """Of some numbers: how many they are, their mean, and their variance; 0 where there are none.

    Arrays of equal shape: one entry a group of numbers.
    """

    number: Float[Array, "*n"]
    mean: Float[Array, "*n"]
    variance: Float[Array, "*n"]


def masked_sum(x: Float[Array, "*n"], weights: Float[Array, "*n"]) -> Float[Array, ""]:
    """The weighted sum over the steps whose weight is not 0."""
    return jnp.sum(jnp.where(weights > 0, x, 0.0) * weights)


def masked_mean(
    x: Float[Array, "*n"], mask: Float[Array, "*n"], total: Total = alone
) -> Float[Array, ""]:
    """The mean over the steps whose mask is 1; 0 where there are none."""
    summed, count = total((masked_sum(x, mask), jnp.sum(mask)))
    return summed / jnp.maximum(count, 1.0)


def moments(x: Float[Array, "*n"], mask: Float[Array, "*n"]) -> Moments:
    """Of the steps whose mask is 1."""
    x = jnp.where(mask > 0, x, 0.0)
    mean = masked_mean(x, mask)
    return Moments(jnp.sum(mask), mean, masked_mean(jnp.square(x - mean), mask))


def pooled(parts: Moments, total: Total) -> Moments:
    """The moments of all devices' numbers, from each device's (Chan et al. 1979, section 2)."""
    number, summed = total((parts.number, parts.number * parts.mean))
    mean = summed / jnp.maximum(number, 1.0)
    spread = total(parts.number * (parts.variance + jnp.square(parts.mean - mean)))
    return Moments(number, mean, spread / jnp.maximum(number, 1.0))


def pooled_all(parts: Mapping[str, Moments], total: Total) -> dict[str, Moments]:
    """Likewise of several moments by name, in as many sums over devices as of one."""
    stacked = pooled(Moments(*map(jnp.stack, zip(*parts.values(), strict=True))), total)
    return {name: Moments(*(x[i] for x in stacked)) for i, name in enumerate(parts)}
