"""The parts of a memory's input."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from engrax.memory import MEMORIES, Layout

PARTS = {"image": 3, "action": 0, "reward": 1}


def test_the_parts_of_an_input():
    layout = Layout.of(PARTS)
    assert layout.size == 4
    parts = layout.split(jnp.arange(8.0).reshape(2, 4))
    np.testing.assert_array_equal(parts["image"], [[0, 1, 2], [4, 5, 6]])
    np.testing.assert_array_equal(parts["reward"], [[3], [7]])
    assert parts["action"].shape == (2, 0)


def test_a_number_is_one_part():
    assert Layout.of(5).parts == (("x", 5),)
    assert Layout.of(Layout.of(5)) == Layout.of(5)


@pytest.mark.parametrize("name", MEMORIES)
def test_memories_are_built_for_named_parts(name):
    build = lambda layout: MEMORIES[name].tiny().build(layout, key=jax.random.key(0))  # noqa: E731
    memory, other = (eqx.filter_eval_shape(build, layout) for layout in (Layout.of(PARTS), 4))
    assert eqx.tree_equal(memory, other)


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ((("a", 1), ("a", 2)), "a layout has 'a' twice: give each part its own name"),
        ((("a", -1),), "the width of 'a' is -1, expected a whole number of at least 0"),
    ],
)
def test_a_layout_that_is_none(parts, message):
    with pytest.raises(ValueError, match=message):
        Layout(parts)
