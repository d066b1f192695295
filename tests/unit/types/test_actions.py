"""Kinds of action: shapes, bounds, draws, and values that make no sense."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from engrax.types import Continuous, Discrete, MultiDiscrete

KINDS = [Discrete(3), MultiDiscrete((2, 5)), Continuous((-1.0, 0.0), (1.0, 4.0))]


@pytest.mark.parametrize("actions", KINDS, ids=lambda kind: type(kind).__name__)
def test_draws_are_within_the_bounds_and_reach_them(actions):
    low, high = actions.bounds
    drawn = actions.draw(np.random.default_rng(0), (400, 3))
    sampled = jax.vmap(actions.sample)(jax.random.split(jax.random.key(0), 400))
    assert drawn.shape == (400, 3, *actions.shape)
    assert sampled.shape == (400, *actions.shape)
    assert drawn.dtype == sampled.dtype == actions.dtype
    slack = 0.05 * (np.asarray(high) - low) if actions.dtype == np.float32 else 0
    for each in (drawn, np.asarray(sampled)):
        flat = each.reshape(-1, *actions.shape)
        assert np.all((flat >= low) & (flat <= high))
        assert np.all(flat.min(axis=0) <= low + slack)
        assert np.all(flat.max(axis=0) >= high - slack)


@pytest.mark.parametrize("actions", KINDS, ids=lambda kind: type(kind).__name__)
def test_no_action_is_zeros_of_its_shape_and_dtype(actions):
    none = actions.none()
    assert (none.shape, none.dtype) == (actions.shape, actions.dtype)
    np.testing.assert_array_equal(none, jnp.zeros(actions.shape))


def test_components_are_drawn_independently():
    drawn = MultiDiscrete((2, 2)).draw(np.random.default_rng(0), (4000,))
    assert abs(np.corrcoef(drawn.T)[0, 1]) < 5 / np.sqrt(4000)


def test_kinds_are_equal_where_they_describe_the_same_actions():
    assert Discrete(3) == Discrete(3) != Discrete(4)
    assert MultiDiscrete((2, 3)) != MultiDiscrete((3, 2))
    assert len({Continuous((0.0,), (1.0,)), Continuous((0.0,), (1.0,))}) == 1


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Discrete(0), "size is 0, expected at least 1"),
        (lambda: MultiDiscrete(()), r"sizes is \(\), expected at least one component"),
        (lambda: MultiDiscrete((2, 0)), r"sizes is \(2, 0\), expected"),
        (lambda: Continuous((), ()), "low has 0 components and high 0"),
        (lambda: Continuous((0.0,), (1.0, 2.0)), "low has 1 components and high 2"),
        (lambda: Continuous((0.0,), (0.0,)), "expected finite numbers, each low below its high"),
        (lambda: Continuous((0.0,), (np.inf,)), "expected finite numbers"),
        (lambda: Continuous((np.nan,), (1.0,)), "expected finite numbers"),
    ],
)
def test_values_that_make_no_sense_are_named(make, message):
    with pytest.raises(ValueError, match=message) as e:
        make()
    assert "\n" not in str(e.value)
