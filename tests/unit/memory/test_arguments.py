"""What a wrong argument is answered with: the value, what was expected, the way out, in one
line.
"""

from functools import cache

import jax
import jax.numpy as jnp
import jaxtyping
import numpy as np
import pytest

from engrax.memory import MEMORIES

D, T, B = 5, 6, 4
X, NO = jnp.zeros(D), jnp.zeros((), bool)
XS, FIRSTS = jnp.zeros((T, D)), jnp.zeros(T, bool)

STEPS = {
    "a batch": (
        (jnp.zeros((B, D)), NO),
        r"x has shape \[4, 5\], expected \[5\]: .*jax.vmap\(memory.step\)",
    ),
    "batches": (
        (X, jnp.zeros(B, bool)),
        r"first has shape \[4\], expected \[\]: .*jax.vmap\(memory.step\)",
    ),
    "a width": (
        (jnp.zeros(7), NO),
        r"x has shape \[7\], expected \[5\]: the memory is built for input_size 5",
    ),
    "a list": (
        ([0.0] * D, NO),
        r"x is of type list, expected an array of shape \[5\]: convert it with jnp.asarray",
    ),
    "pixels": (
        (jnp.zeros(D, jnp.uint8), NO),
        r"x is uint8, expected jnp.float32: .*x.astype\(jnp.float32\)",
    ),
    "floats": ((X, jnp.zeros(())), r"first is float32, expected bool: .*first.astype\(bool\)"),
    "a number": ((X, 0), r"first is of type int, expected an array of shape \[\]"),
}
SEQUENCES = {
    "a batch": (
        (jnp.zeros((B, T, D)), FIRSTS),
        r"xs .* \[4, 6, 5\], expected \[t, 5\]: .*vmap\(memory.unroll\)",
    ),
    "one step": ((X, NO), r"xs has shape \[5\], expected \[t, 5\]: .*for one step memory.step"),
    "a width": (
        (jnp.zeros((T, 7)), FIRSTS),
        r"xs has shape \[6, 7\], expected \[6, 5\]: the memory is built for",
    ),
    "fewer": (
        (XS, jnp.zeros(T - 1, bool)),
        r"firsts has shape \[5\], expected \[6\]: give one value for each of xs",
    ),
    "integers": (
        (XS, jnp.zeros(T, jnp.int32)),
        r"firsts is int32, expected bool: .*firsts.astype\(bool\)",
    ),
    "none": ((jnp.zeros((0, D)), jnp.zeros(0, bool)), r"xs has 0 steps, expected at least 1"),
}


@cache
def small(name):
    return MEMORIES[name].tiny().build(D, key=jax.random.key(0))


@pytest.fixture(autouse=True)
def unchecked(monkeypatch):
    """Without the checks of annotations that tests run under: as users have it."""
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)


@pytest.mark.parametrize("name", MEMORIES)
@pytest.mark.parametrize("wrong", STEPS)
def test_a_step_with_wrong_arguments(name, wrong):
    arguments, message = STEPS[wrong]
    with pytest.raises(ValueError, match=message) as caught:
        small(name).step(small(name).init_state(), *arguments)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", MEMORIES)
@pytest.mark.parametrize("wrong", SEQUENCES)
def test_an_unroll_with_wrong_arguments(name, wrong):
    arguments, message = SEQUENCES[wrong]
    with pytest.raises(ValueError, match=message):
        small(name).unroll(None, *arguments)


@pytest.mark.parametrize("name", MEMORIES)
def test_a_step_without_a_state(name):
    with pytest.raises(
        ValueError, match=r"state is None, expected .*: begin with memory.init_state\(\)"
    ):
        small(name).step(None, X, NO)


@pytest.mark.parametrize(("x", "first"), [(X, True), (np.zeros(D, np.float32), np.bool_(False))])
def test_truth_values_and_arrays_of_numpy_will_do(x, first):
    memory = small("lstm")
    assert memory.step(memory.init_state(), x, first)[1].h.shape == (memory.output_size,)


@pytest.mark.parametrize("name", MEMORIES)
def test_jit_of_a_bound_method_says_what_to_use(name):
    memory = small(name)
    with pytest.raises(TypeError, match=r"cannot be hashed, .*use eqx.filter_jit\(memory.step\)"):
        jax.jit(memory.step)(memory.init_state(), X, NO)
