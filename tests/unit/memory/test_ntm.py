"""The NTM's addressing on cases worked out by hand."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from engrax.memory.addressing import empty_rows
from engrax.memory.ntm import NTM, Heads, address, parse, sharpen, shift
from engrax.testing.contract import quick_jit

ROWS = empty_rows(4, 2)._replace(
    contents=jnp.asarray([[1.0, 0], [0, 1.0], [-1.0, 0], [0, 0]]), scales=jnp.ones(4)
)
SHIFTS = {"back": [1.0, 0, 0], "still": [0, 1.0, 0], "on": [0, 0, 1.0]}


def one_head(shift="still", **parts):
    usual = {
        "keys": [[1.0, 0]],
        "strengths": [0.0],
        "gates": [0.0],
        "shifts": [SHIFTS[shift]],
        "powers": [1.0],
    }
    return Heads(**{name: jnp.asarray(part) for name, part in {**usual, **parts}.items()})


@pytest.mark.parametrize(
    ("shifts", "wanted"), [("back", [0, 0.3, 0.1, 0.6]), ("still", [0.6, 0, 0.3, 0.1])]
)
def test_shifts_are_circular(shifts, wanted):
    """The row before the first is the last."""
    got = shift(jnp.asarray([[0.6, 0, 0.3, 0.1]]), jnp.asarray([SHIFTS[shifts]]))
    np.testing.assert_allclose(got, [wanted], rtol=1e-6)


def test_a_spread_of_shifts_spreads_the_weights_and_keeps_their_sum():
    got = shift(jnp.asarray([[1.0, 0, 0, 0], [0, 0, 0.5, 0.5]]), jnp.asarray([[0.2, 0.5, 0.3]] * 2))
    np.testing.assert_allclose(got, [[0.5, 0.3, 0, 0.2], [0.15, 0.1, 0.35, 0.4]], rtol=1e-6)


def test_sharpening():
    weights, powers = jnp.asarray([[0.5, 0.3, 0.2]] * 3), jnp.asarray([1.0, 2.0, 40.0])
    wanted = [[0.5, 0.3, 0.2], [0.25 / 0.38, 0.09 / 0.38, 0.04 / 0.38], [1, 0, 0]]
    np.testing.assert_allclose(sharpen(weights, powers), wanted, atol=1e-5)


def test_sharpening_has_a_finite_gradient_where_weights_are_zero():
    weights, powers = jnp.eye(2, 5), jnp.asarray([1.0, 60.0])
    gradients = quick_jit(jax.grad(lambda *part: jnp.sum(sharpen(*part)[:, 1]), argnums=(0, 1)))(
        weights, powers
    )
    assert all(np.isfinite(leaf).all() for leaf in gradients)


def test_a_head_with_its_gate_shut_goes_on_from_where_it_was():
    before = jnp.asarray([[0, 0, 0, 1.0]])
    for name, row in (("back", 2), ("still", 3), ("on", 0)):
        np.testing.assert_allclose(
            address(ROWS, before, one_head(name, strengths=[9.0])), np.eye(4)[[row]], atol=1e-4
        )


def test_a_head_with_its_gate_open_goes_by_content():
    before, head = jnp.asarray([[0, 0, 0, 1.0]]), one_head(gates=[1.0], strengths=[2.0])
    powers = np.exp(2 * np.array([1, 0, -1, 0]))
    np.testing.assert_allclose(address(ROWS, before, head), [powers / powers.sum()], atol=1e-4)


def test_a_head_between_both_is_interpolated_first_and_shifted_then():
    before, head = jnp.asarray([[0, 0, 0, 1.0]]), one_head("on", gates=[0.25], strengths=[50.0])
    np.testing.assert_allclose(address(ROWS, before, head), [[0.75, 0.25, 0, 0]], atol=1e-4)


def test_what_a_head_is_told_comes_into_its_range():
    for size in (0.0, -30.0, 30.0):
        heads = parse(jnp.full((2, 9), size))
        assert heads.keys.shape == (2, 3)
        assert (heads.strengths >= 0).all()
        assert (heads.powers >= 1).all()
        assert ((heads.gates >= 0) & (heads.gates <= 1)).all()
        np.testing.assert_allclose(heads.shifts, 1 / 3, rtol=1e-6)


def test_heads_start_on_the_first_row_of_an_empty_matrix():
    state = NTM(5, 2, 3).init_state()
    np.testing.assert_array_equal(state.read_weights, np.eye(5)[[0, 0, 0]])
    np.testing.assert_array_equal(state.write_weights, np.eye(5)[[0]])
    np.testing.assert_array_equal(state.rows.contents, 0)


def test_what_is_written_in_a_step_is_read_in_it():
    """Interface vectors of zero: weights on rows around the first; what is added, 4 in every place,
    is read at once.
    """
    store = NTM(5, 2, 1)
    state, reads, shown = quick_jit(store.access)(
        store.init_state(), jnp.zeros(store.interface_size).at[2:4].set(4.0)
    )
    np.testing.assert_allclose(
        reads, 4 * jnp.sum(state.write_weights[0] * state.read_weights[0]), rtol=1e-5
    )
    np.testing.assert_array_equal(shown.valid, False)
