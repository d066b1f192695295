"""Advantages against sums of temporal-difference errors, and by hand."""

import jax
import jax.numpy as jnp
import numpy as np

from engrax.losses.returns import generalised_advantages

from oracles import ppo as oracle


def test_advantages_equal_the_oracle():
    keys = jax.random.split(jax.random.key(0), 4)
    rewards, values = jax.random.normal(keys[0], (40,)), jax.random.normal(keys[1], (41,))
    void = jax.random.bernoulli(keys[2], 0.15, (40,))
    ended = jax.random.bernoulli(keys[3], 0.5, (40,)) & jnp.append(void[1:], False)
    discounts = jnp.where(ended, 0.0, 0.97)
    got = generalised_advantages(rewards, discounts, values, void, 0.9)
    numbers = (np.asarray(x, np.float64) for x in (rewards, discounts, values, void))
    np.testing.assert_allclose(got, oracle.advantages(*numbers, 0.9), atol=1e-5)


def test_a_truncation_bootstraps_and_an_end_does_not():
    """Steps: 0, 1 (last), 2 (first), 3. The transition out of step 1 is void."""
    rewards, values = jnp.array([1.0, 9.0, 2.0]), jnp.array([0.5, 10.0, 0.25, 4.0])
    void = jnp.array([False, True, False])
    truncated = generalised_advantages(rewards, jnp.array([0.9, 0.9, 0.9]), values, void, 1.0)
    np.testing.assert_allclose(truncated, [1 + 0.9 * 10 - 0.5, 0, 2 + 0.9 * 4 - 0.25], rtol=1e-6)
    ended = generalised_advantages(rewards, jnp.array([0.0, 0.9, 0.9]), values, void, 1.0)
    np.testing.assert_allclose(ended, [1 - 0.5, 0, 2 + 0.9 * 4 - 0.25], rtol=1e-6)
