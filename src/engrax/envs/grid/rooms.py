"""Random maps of rooms with doors between them."""

from dataclasses import dataclass
from functools import cache
from itertools import combinations

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Int, Key

from engrax.envs.grid.patches import Patches, join, patches
from engrax.envs.grid.tables import COLOURS, WALL
from engrax.envs.shuffling import falling, uniform_digits, without_repetition

SIDE = 3
"""Squares on a side of a room's floor."""
PITCH = SIDE + 1
"""Squares from a room to the next."""
FLOOR = SIDE * SIDE
EXTRA = 4
"""One in so many doors that are not needed to reach every room is there as well."""
MOST = 9
"""Rooms of the largest map: of larger ones there are too many spanning trees to list."""


class Map(eqx.Module):
    """What is drawn of a map.

    Attributes:
        open: whether there is a door in the wall between two neighbours, one entry a pair.
        offset: where in the wall a door is, 0 to 2.
        colours: of each room's floor, 0..18.
    """

    open: Bool[Array, " e"]
    offset: Int[Array, " e"]
    colours: Int[Array, " r"]


@dataclass(frozen=True)
class Rooms:
    """Rooms in rows and columns, each a floor of 3 x 3 squares; walls are one square thick.

    The floor of room (i, j) begins at row 4 i + 1 and column 4 j + 1, and has a colour of its own.
    A door is one square of the wall between two neighbours, without colour. Rooms and pairs of
    neighbours are numbered row by row, the pairs side by side first.

    Attributes:
        rows: of rooms.
        columns: of rooms.
    """

    rows: int
    columns: int

    def __post_init__(self):
        if min(self.rows, self.columns) < 1 or not 2 <= self.count <= MOST:
            raise ValueError(
                f"rooms is {self.rows} x {self.columns}, expected rows and columns of 2 to {MOST} "
                "rooms in all"
            )

    @classmethod
    def of(cls, numbers: tuple[int, ...]) -> "Rooms":
        """Of a setting that is the numbers of rows and columns.

        Raises:
            ValueError: there are not two numbers, or too few rooms or too many.
        """
        if len(numbers) != 2:
            raise ValueError(f"rooms is {numbers}, expected two numbers: rows, columns")
        return cls(*numbers)

    @property
    def count(self) -> int:
        """All rooms."""
        return self.rows * self.columns

    @property
    def squares(self) -> int:
        """All floor squares, without doors: those of the first room come first."""
        return self.count * FLOOR

    def draw(self, key: Key[Array, ""]) -> Map:
        """A map in which every room can be reached.

        The doors of a spanning tree are open, each tree as likely as another; of the others one in
        four is open. Colours are distinct.
        """
        trees = _trees(self)
        pairs = trees.shape[1]
        sizes = [len(trees), *[EXTRA] * pairs, *[SIDE] * pairs]
        tree, *digits = uniform_digits(key, [*sizes, *falling(len(COLOURS), self.count)])
        extra, offset = jnp.stack(digits[:pairs]) == 0, jnp.stack(digits[pairs : 2 * pairs])
        colours = jnp.stack(without_repetition(digits[2 * pairs :]))
        return Map(jnp.asarray(trees)[tree] | extra, offset, colours)

    def scene(self, drawn: Map) -> Patches:
        """The board: walls, floors and doors."""
        rooms, (corners, side_by_side) = _corners(self), _doors(self)
        wall = patches(
            0, 0, height=PITCH * self.rows + 1, width=PITCH * self.columns + 1, kind=WALL
        )
        floors = patches(
            rooms[:, 0], rooms[:, 1], height=SIDE, width=SIDE, colour=1 + drawn.colours
        )
        doors = patches(
            corners[:, 0] + jnp.where(side_by_side, drawn.offset, 0),
            corners[:, 1] + jnp.where(side_by_side, 0, drawn.offset),
            shown=drawn.open,
        )
        return join(wall, floors, doors)

    def square(self, number: Int[Array, "*n"]) -> tuple[Int[Array, "*n"], Int[Array, "*n"]]:
        """The row and column of a floor square by its number."""
        corner, (down, along) = _corners(self), jnp.divmod(number % FLOOR, SIDE)
        room = jnp.asarray(corner)[number // FLOOR]
        return room[..., 0] + down, room[..., 1] + along

    def elsewhere(self, room: Int[Array, ""], other: Int[Array, ""]) -> Int[Array, ""]:
        """A floor square by its number among those of all rooms but one.

        Args:
            room: the one that is left out.
            other: the number, 0 .. squares - 10.
        """
        return jnp.where(other >= room * FLOOR, other + FLOOR, other)


def middle(room: Int[Array, "*n"]) -> Int[Array, "*n"]:
    """The number of the square in the middle of a room."""
    return room * FLOOR + FLOOR // 2


def _corners(rooms: Rooms) -> np.ndarray:
    """The upper left floor square of each room, int32 [rooms, 2]."""
    return 1 + PITCH * np.argwhere(np.ones((rooms.rows, rooms.columns), bool)).astype(np.int32)


def _pairs(rooms: Rooms) -> tuple[np.ndarray, np.ndarray]:
    """The rooms that are neighbours, int32 [pairs, 2]; which of the pairs are side by side."""
    numbers = np.arange(rooms.count, dtype=np.int32).reshape(rooms.rows, rooms.columns)
    across = np.stack([numbers[:, :-1].ravel(), numbers[:, 1:].ravel()], axis=1)
    down = np.stack([numbers[:-1].ravel(), numbers[1:].ravel()], axis=1)
    pairs = np.concatenate([across, down])
    return pairs, np.arange(len(pairs)) < len(across)


def _doors(rooms: Rooms) -> tuple[np.ndarray, np.ndarray]:
    """The first square of the wall between neighbours, int32 [pairs, 2]; which are side by side."""
    pairs, side_by_side = _pairs(rooms)
    steps = np.where(side_by_side[:, None], (0, SIDE), (SIDE, 0)).astype(np.int32)
    return _corners(rooms)[pairs[:, 0]] + steps, side_by_side


@cache
def _trees(rooms: Rooms) -> np.ndarray:
    """All spanning trees: which pairs of neighbours each connects, bool [trees, pairs]."""
    pairs = _pairs(rooms)[0].tolist()
    chosen = combinations(range(len(pairs)), rooms.count - 1)
    trees = [edges for edges in chosen if _connected(rooms.count, [pairs[e] for e in edges])]
    table = np.zeros((len(trees), len(pairs)), bool)
    for tree, edges in enumerate(trees):
        table[tree, list(edges)] = True
    return table


def _connected(count: int, edges: list[list[int]]) -> bool:
    """Whether edges join all rooms."""
    group = list(range(count))
    for a, b in edges:
        group = [group[a] if g == group[b] else g for g in group]
    return len(set(group)) == 1
