"""Weights far too large, and windows far too long."""

from dataclasses import replace

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from engrax.memory import (
    DNCSizes,
    HCAMSizes,
    LSTMSizes,
    NTMSizes,
    RetroactiveSizes,
    RLMEMSizes,
    TrXLSizes,
)
from engrax.nn.recurrent import LARGEST_GRADIENT, bound_gradient
from engrax.testing.contract import quick_jit

STEPS, INPUT_SIZE = 150, 5
LARGE = {
    "dnc": (DNCSizes(), 3.0),
    "lstm": (LSTMSizes(), 3.0),
    "ntm": (NTMSizes(), 30.0),
    "rl_mem": (RLMEMSizes(store=RetroactiveSizes(rows=8)), 3.0),
}


@quick_jit
def total_and_gradient(memory, xs, firsts):
    arrays, rest = eqx.partition(memory, eqx.is_inexact_array)
    total = lambda arrays, xs: jnp.sum(eqx.combine(arrays, rest).unroll(None, xs, firsts)[1].h)  # noqa: E731
    return jax.value_and_grad(total, argnums=(0, 1))(arrays, xs)


@pytest.mark.parametrize("name", LARGE)
def test_gradients_stay_finite_where_weights_are_large(name):
    """Their true values exceed what float32 holds: 1e87 for the NTM, in float64."""
    sizes, scale = LARGE[name]
    numbers = np.random.default_rng(0)
    drawn = lambda leaf: jnp.asarray(scale * numbers.standard_normal(leaf.shape), jnp.float32)  # noqa: E731
    memory = jax.tree.map(
        drawn, eqx.filter_eval_shape(lambda: sizes.build(INPUT_SIZE, key=jax.random.key(0)))
    )
    xs = jnp.asarray(numbers.standard_normal((STEPS, INPUT_SIZE)), jnp.float32)
    total, gradients = total_and_gradient(memory, xs, jnp.zeros(STEPS, bool))
    assert np.isfinite(total)
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(gradients))


def test_only_gradients_beyond_the_largest_are_cut():
    gradient = jax.grad(lambda x, scale: jnp.sum(scale * bound_gradient((x, jnp.int32(3)))[0]))
    scales = jnp.asarray([0.0, -2.5, 9e5, 3e6, -jnp.inf, jnp.nan])
    wanted = [0.0, -2.5, 9e5, LARGEST_GRADIENT, -LARGEST_GRADIENT, 0.0]
    np.testing.assert_array_equal(gradient(jnp.ones(6), scales), wanted)
    np.testing.assert_array_equal(
        jax.vmap(gradient)(jnp.ones((2, 6)), jnp.stack([scales] * 2))[1], wanted
    )


def test_forward_derivatives_are_not_cut():
    cube = lambda x: jnp.sum(bound_gradient(x) ** 3)  # noqa: E731
    x = jnp.asarray([1.0, 1e4])
    np.testing.assert_allclose(jax.jvp(cube, (x,), (jnp.ones(2),))[1], 3 + 3e8, rtol=1e-6)
    np.testing.assert_allclose(jax.hessian(cube)(x), np.diag([6.0, 6e4]), rtol=1e-6)


WINDOWED = {"trxl": TrXLSizes.tiny(), "hcam": HCAMSizes.tiny()}


@pytest.mark.parametrize("name", WINDOWED)
@pytest.mark.parametrize("carried", [False, True], ids=["whole episodes", "a state carried in"])
def test_programs_do_not_grow_with_the_window(name, carried):
    """A window of 100,000 steps makes a program as long as that of one that a segment fills."""
    segment = 16

    def length(window):
        memory = replace(WINDOWED[name], window=window).build(INPUT_SIZE, key=jax.random.key(0))
        state = memory.init_state() if carried else None
        xs, firsts = jnp.zeros((segment, INPUT_SIZE)), jnp.zeros(segment, bool)
        gradient = jax.grad(lambda xs: jnp.sum(memory.unroll(state, xs, firsts)[1].h))
        return len(str(jax.make_jaxpr(gradient)(xs)).splitlines())

    assert length(100_000) < 1.1 * length(segment)  # its text wraps where shapes are long


@pytest.mark.parametrize("name", WINDOWED)
def test_a_window_far_longer_than_the_episode_runs_and_changes_nothing(name):
    """Outputs over 3 segments of 16 steps are those of a window of 64 steps."""
    xs = jnp.asarray(np.random.default_rng(1).standard_normal((48, INPUT_SIZE)), jnp.float32)
    outputs = []
    for window in (64, 100_000):
        memory = replace(WINDOWED[name], window=window).build(INPUT_SIZE, key=jax.random.key(0))
        state, parts = None, []
        for start in (0, 16, 32):
            state, output = unroll(memory, state, xs[start : start + 16], jnp.zeros(16, bool))
            parts.append(output.h)
        outputs.append([*parts, step(memory, state, xs[0], jnp.zeros((), bool))[1].h])
    for short, long in zip(*outputs, strict=True):
        np.testing.assert_allclose(long, short, atol=1e-5)


unroll = quick_jit(lambda memory, *arguments: memory.unroll(*arguments))
step = quick_jit(lambda memory, *arguments: memory.step(*arguments))
