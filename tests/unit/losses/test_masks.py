"""Means and variances over the steps that count, whatever is in the others."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from engrax.losses.masks import masked_mean, masked_variance

NUMBERS = np.random.default_rng(0).normal(2, 3, (3, 5)).astype(np.float32)
MASK = (np.random.default_rng(1).random((3, 5)) < 0.6).astype(np.float32)


def test_mean_and_variance_are_of_the_steps_that_count():
    counted = NUMBERS[MASK == 1].astype(np.float64)
    x, mask = jnp.asarray(NUMBERS), jnp.asarray(MASK)
    np.testing.assert_allclose(masked_mean(x, mask), counted.mean(), rtol=1e-5)
    np.testing.assert_allclose(masked_variance(x, mask), counted.var(), rtol=1e-5)


def test_no_steps_have_mean_and_variance_0():
    x, nothing = jnp.asarray(NUMBERS), jnp.zeros((3, 5))
    assert masked_mean(x, nothing) == 0
    assert masked_variance(x, nothing) == 0


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf, 3e38])
@pytest.mark.parametrize("of", [masked_mean, masked_variance])
def test_what_does_not_count_may_be_anything(of, wrong):
    mask = jnp.asarray(MASK)
    x = jnp.where(mask > 0, jnp.asarray(NUMBERS), wrong)
    value, gradient = jax.value_and_grad(of)(x, mask)
    np.testing.assert_allclose(value, of(jnp.asarray(NUMBERS), mask), rtol=1e-6)
    assert np.isfinite(gradient).all()
    np.testing.assert_array_equal(np.asarray(gradient)[MASK == 0], 0)
