"""Convolutions as matrix products are XLA's, to rounding."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from engrax.nn.convolution import as_product, by_xla

CASES = [
    case
    for case in itertools.product((1, 3, 4, 9), (1, 2, 4, 9), ("SAME", "VALID"))
    if case[1] <= case[0]
]


@pytest.mark.parametrize(("size", "stride", "padding"), CASES)
def test_a_product_over_patches_is_a_convolution(size, stride, padding):
    numbers = np.random.default_rng(0)
    x = jnp.asarray(numbers.standard_normal((2, 19, 14, 3)), jnp.float32)
    kernel = jnp.asarray(numbers.standard_normal((size, size, 3, 5)), jnp.float32)

    def value_and_gradients(convolve):
        def total(x, kernel):
            y = convolve(x, kernel, stride, padding)
            return jnp.sum(jnp.sin(y)), y

        return jax.grad(total, argnums=(0, 1), has_aux=True)(x, kernel)

    got, wanted = value_and_gradients(as_product), value_and_gradients(by_xla)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-3), got, wanted)
