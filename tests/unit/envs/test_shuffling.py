"""Drawing without repetition, and digits that share random words."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from engrax.envs.shuffling import falling, uniform_digits, without_repetition


def chi_square(counts):
    return float(((counts - counts.mean()) ** 2 / counts.mean()).sum())


@pytest.mark.parametrize(("size", "count"), [(4, 3), (5, 5), (6, 1)])
def test_every_arrangement_has_one_code(size, count):
    codes = list(itertools.product(*(range(n) for n in falling(size, count))))
    arrangements = jax.vmap(lambda code: jnp.stack(without_repetition(list(code))))(
        jnp.array(codes, jnp.int32)
    )
    assert sorted(map(tuple, arrangements.tolist())) == sorted(
        itertools.permutations(range(size), count)
    )


def test_digits_are_uniform_and_independent():
    sizes, draws = (8, 7, 3, 19, 15, 2, 13), 40_000
    digits = jax.vmap(lambda key: jnp.stack(uniform_digits(key, sizes)))(
        jax.random.split(jax.random.key(1), draws)
    )
    for i, j in itertools.combinations(range(len(sizes)), 2):
        counts = np.bincount(digits[:, i] * sizes[j] + digits[:, j], minlength=sizes[i] * sizes[j])
        degrees = counts.size - 1
        assert chi_square(counts) < degrees + 5 * np.sqrt(2 * degrees)
