"""MERLIN's recurrence: what is detached in it, and the policy's read key."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from engrax.agents.merlin.core import policy_head
from engrax.testing.contract import quick_jit

from .small import LATENT, make_agent


@pytest.fixture(name="core", scope="module")
def made_core():
    """The core of an agent, and a state with something in its store."""
    core = make_agent().core
    state, zs = core.init_state(), jax.random.normal(jax.random.key(6), (3, LATENT))
    store = quick_jit(
        lambda state, zs: jax.lax.scan(lambda s, z: (core.store.write(s, z), None), state, zs)[0]
    )
    return core, state._replace(store=store(state.store, zs))


def test_what_is_written_is_detached(core):
    """No gradient runs through the store from later reads; it runs through h, m and the next z."""
    core, state = core

    def later(z):
        after, _ = core.remember(state, z, jnp.asarray(1))
        _, percept = core.perceive(
            after, jnp.ones(2 * LATENT), jnp.asarray(False), jnp.ones(LATENT)
        )
        return {
            "store": after.store,
            "read": percept.policy_features,
            "next": percept.latent,
            "prior": percept.prior,
        }

    floats = lambda z: eqx.filter(later(z), eqx.is_inexact_array)  # noqa: E731
    gradients = quick_jit(jax.jacrev(floats))(jnp.ones(LATENT))
    for name in ("store", "read"):
        assert all(np.all(np.asarray(leaf) == 0) for leaf in jax.tree.leaves(gradients[name])), name
    for name in ("next", "prior"):
        assert all(np.any(np.asarray(leaf) != 0) for leaf in jax.tree.leaves(gradients[name])), name


def test_the_prior_has_a_gradient_by_h_and_by_m(core):
    """By either alone; what was expected does not depend on the policy's part of the state."""
    core, state = core

    def expected(floats):
        _, percept = core.perceive(
            eqx.combine(floats, state), jnp.ones(2 * LATENT), jnp.asarray(False), jnp.ones(LATENT)
        )
        return jnp.sum(jnp.square(percept.prior.mean - 1.0))

    gradient = quick_jit(jax.grad(expected))(eqx.filter(state, eqx.is_inexact_array))
    assert all(np.any(np.asarray(layer.hidden) != 0) for layer in gradient.predictor)
    assert np.any(np.asarray(gradient.predictor_reads) != 0)
    assert all(
        np.all(np.asarray(leaf) == 0)
        for leaf in jax.tree.leaves((gradient.policy, gradient.policy_reads))
    )


def test_the_policy_sees_z_detached(core):
    """From the senses' part of the posterior, through z: to nothing of the policy."""
    core, state = core

    def seen(driven):
        after, percept = core.perceive(state, driven, jnp.asarray(False), jnp.ones(LATENT))
        return {"policy": (percept.policy_features, after.policy), "z": percept.latent}

    gradients = quick_jit(jax.jacrev(seen))(jnp.ones(2 * LATENT))
    assert all(np.all(np.asarray(leaf) == 0) for leaf in jax.tree.leaves(gradients["policy"]))
    assert np.any(np.asarray(gradients["z"]) != 0)


def test_a_key_of_z_starts_as_z():
    z, row = jnp.asarray([0.5, -1.0, 2.0, 3.0]), 2 * LATENT
    head = quick_jit(lambda key: policy_head(6, LATENT, row, key))(jax.random.key(0))
    keys, strengths = head(jnp.concatenate([jnp.zeros(6), z]))
    np.testing.assert_array_equal(keys, [[*z, 0, 0, 0, 0]])
    np.testing.assert_allclose(strengths, jax.nn.softplus(head.layer.bias[-1:]), rtol=1e-6)
