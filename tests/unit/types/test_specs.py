"""Kinds of observation: shapes, dtypes, bounds and draws."""

import numpy as np
import pytest

from engrax.types import ImageSpec, MaskSpec, SymbolsSpec, TextSpec, VectorSpec

SPECS = {
    ImageSpec(3, 4): ((3, 4, 3), np.uint8, 255),
    SymbolsSpec(2, 3, (4, 2)): ((2, 3, 2), np.uint8, [3, 1]),
    SymbolsSpec(2, 3, (256, 2)): ((2, 3, 2), np.uint8, [255, 1]),
    SymbolsSpec(2, 3, (257, 2)): ((2, 3, 2), np.int32, [256, 1]),
    TextSpec(5, tuple("abcd")): ((5,), np.int32, 3),
}


@pytest.mark.parametrize(("spec", "expected"), SPECS.items())
def test_draws_are_within_the_bounds_and_reach_them(spec, expected):
    shape, dtype, largest = expected
    drawn = spec.draw(np.random.default_rng(0), (2000,))
    assert spec.shape == shape
    assert spec.dtype == drawn.dtype == dtype
    assert drawn.shape == (2000, *shape)
    low, high = spec.bounds
    np.testing.assert_array_equal(high, largest)
    assert low == drawn.min() == 0
    reached = drawn.max(axis=tuple(range(drawn.ndim - 1)))
    np.testing.assert_array_equal(reached, np.broadcast_to(largest, reached.shape))


def test_vectors_are_drawn_from_the_standard_normal_distribution():
    spec = VectorSpec(3)
    drawn = spec.draw(np.random.default_rng(0), (5000,))
    assert (drawn.shape, drawn.dtype, spec.dtype) == ((5000, 3), np.float32, np.float32)
    np.testing.assert_allclose(drawn.mean(axis=0), 0, atol=0.08)
    np.testing.assert_allclose(drawn.std(axis=0), 1, atol=0.08)
    low, high = spec.bounds
    assert low < -1e38 < 1e38 < high


def test_kinds_are_named():
    kinds = [spec.kind for spec in (ImageSpec(1, 1), SymbolsSpec(1, 1, (2,)), TextSpec(1, ("a",)))]
    assert [*kinds, VectorSpec(1).kind] == ["image", "symbols", "text", "vector"]


def test_a_mask_that_is_drawn_allows_a_choice_of_each_component():
    drawn = MaskSpec((1, 3, 2)).draw(np.random.default_rng(0), (50, 4))
    assert (drawn.shape, drawn.dtype) == ((50, 4, 6), bool)
    assert drawn[..., 0].all()
    assert drawn[..., 1:4].any(-1).all()
    assert drawn[..., 4:].any(-1).all()
    assert not drawn.all()
