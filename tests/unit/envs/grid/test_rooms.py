"""Maps of rooms: all are connected, every spanning tree is as likely, doors are in walls."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from engrax.envs.grid.patches import view
from engrax.envs.grid.rooms import Rooms, middle

from oracles.maps import drawn, neighbours, square


@pytest.mark.parametrize(
    ("shape", "trees"), [((2, 2), 4), ((2, 3), 15), ((3, 3), 192), ((1, 5), 1)]
)
def test_maps_are_connected_and_trees_are_uniform(shape, trees):
    rooms = Rooms(*shape)
    plans = jax.vmap(rooms.draw)(jax.random.split(jax.random.key(0), 4000))
    doors, offsets, colours = (
        np.asarray(leaf) for leaf in (plans.open, plans.offset, plans.colours)
    )
    pairs = neighbours(*shape)
    for one in doors[:300]:
        assert reaches_all(shape, [pairs[number] for number in np.flatnonzero(one)])
    exact = doors[doors.sum(1) == rooms.count - 1]  # nothing but a tree
    found, counts = np.unique(exact, axis=0, return_counts=True)
    assert len(found) == trees
    expected = len(exact) / trees
    assert np.sum((counts - expected) ** 2 / expected) < trees + 5 * np.sqrt(2 * trees)
    spare = len(pairs) - rooms.count + 1
    if spare:
        extra = (doors.sum(1) - rooms.count + 1).mean() / spare
        assert extra == pytest.approx(0.25, abs=5 * np.sqrt(0.19 / 4000 / spare))
    assert set(np.unique(offsets)) == {0, 1, 2}
    assert all(len(set(one)) == rooms.count for one in colours[:300])
    assert set(np.unique(colours)) == set(range(19))


def reaches_all(shape, doors):
    """Whether every room can be reached from the first."""
    reached = {(0, 0)}
    for _ in range(shape[0] * shape[1]):
        reached |= {b for a, b in doors if a in reached} | {a for a, b in doors if b in reached}
    return len(reached) == shape[0] * shape[1]


@pytest.mark.parametrize("shape", [(2, 2), (3, 3), (2, 3), (4, 1)])
def test_a_board_is_as_it_is_drawn(shape):
    rooms = Rooms(*shape)
    for seed in range(5):
        plan = rooms.draw(jax.random.key(seed))
        seen = view(rooms.scene(plan), jnp.int32(8), jnp.int32(8), 19)
        np.testing.assert_array_equal(
            seen, drawn(*shape, jax.tree.map(np.asarray, plan)).view(8, 8, 19)
        )


def test_numbers_of_squares():
    rooms = Rooms(2, 3)
    rows, columns = rooms.square(jnp.arange(rooms.squares, dtype=jnp.int32))
    assert list(zip(rows.tolist(), columns.tolist(), strict=True)) == [
        square(n, 3) for n in range(54)
    ]
    assert [int(rooms.elsewhere(jnp.int32(2), jnp.int32(n))) for n in range(45)] == [
        n for n in range(54) if n // 9 != 2
    ]
    assert [int(x) for x in rooms.square(middle(jnp.int32(4)))] == [6, 6]


@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        ((3,), r"rooms is \(3,\), expected two numbers: rows, columns"),
        ((1, 1), "rooms is 1 x 1, expected rows and columns of 2 to 9 rooms"),
        ((0, 4), "rooms is 0 x 4, expected"),
        ((3, 4), "rooms is 3 x 4, expected"),
    ],
)
def test_numbers_that_make_no_map(numbers, message):
    with pytest.raises(ValueError, match=message):
        Rooms.of(numbers)
