"""The value loss is half the squared error."""

import jax
import jax.numpy as jnp
import numpy as np

from engrax.losses.value import squared_error


def test_half_the_squared_error_and_its_gradient():
    values, targets = jnp.asarray([1.0, -2.0, 0.5]), jnp.asarray([0.0, 1.0, 0.5])
    np.testing.assert_allclose(squared_error(values, targets), [0.5, 4.5, 0.0])
    gradient = jax.grad(lambda values: jnp.sum(squared_error(values, targets)))(values)
    np.testing.assert_allclose(gradient, [1.0, -3.0, 0.0])
