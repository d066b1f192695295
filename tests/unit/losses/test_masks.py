"""Means and variances over the steps that count, whatever is in the others, and over devices."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from engrax.losses.masks import Moments, alone, masked_mean, moments, pooled, pooled_all

NUMBERS = np.random.default_rng(0).normal(2, 3, (3, 5)).astype(np.float32)
MASK = (np.random.default_rng(1).random((3, 5)) < 0.6).astype(np.float32)


def test_mean_and_variance_are_of_the_steps_that_count():
    counted = NUMBERS[MASK == 1].astype(np.float64)
    x, mask = jnp.asarray(NUMBERS), jnp.asarray(MASK)
    np.testing.assert_allclose(masked_mean(x, mask), counted.mean(), rtol=1e-5)
    wanted = counted.size, counted.mean(), counted.var()
    np.testing.assert_allclose(moments(x, mask), wanted, rtol=1e-5)
    np.testing.assert_allclose(pooled(moments(x, mask), alone), wanted, rtol=1e-5)


def test_no_steps_have_mean_and_variance_0():
    x, nothing = jnp.asarray(NUMBERS), jnp.zeros((3, 5))
    assert masked_mean(x, nothing) == 0
    assert moments(x, nothing) == Moments(0, 0, 0)
    assert pooled(moments(x, nothing), alone) == Moments(0, 0, 0)


def test_moments_of_several_devices_are_those_of_all_their_numbers():
    """Also where one of them has none, and where the mean is large beside the spread."""
    x, mask = jnp.asarray(NUMBERS) + 1000, jnp.asarray(MASK).at[1].set(0.0)
    counted = np.asarray(x, np.float64)[np.asarray(mask) == 1]
    total = lambda tree: jax.lax.psum(tree, "devices")  # noqa: E731
    of = lambda *part: pooled_all({"x": moments(*part), "y": moments(*part)}, total)  # noqa: E731
    shared = jax.vmap(of, axis_name="devices")(x, mask)["y"]
    for got, want in zip(shared, (counted.size, counted.mean(), counted.var()), strict=True):
        np.testing.assert_allclose(got, np.full(3, want), rtol=1e-4)


def variance_of(x, mask):
    return moments(x, mask).variance


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf, 3e38])
@pytest.mark.parametrize("of", [masked_mean, variance_of])
def test_what_does_not_count_may_be_anything(of, wrong):
    mask = jnp.asarray(MASK)
    x = jnp.where(mask > 0, jnp.asarray(NUMBERS), wrong)
    value, gradient = jax.value_and_grad(of)(x, mask)
    np.testing.assert_allclose(value, of(jnp.asarray(NUMBERS), mask), rtol=1e-6)
    assert np.isfinite(gradient).all()
    np.testing.assert_array_equal(np.asarray(gradient)[MASK == 0], 0)
