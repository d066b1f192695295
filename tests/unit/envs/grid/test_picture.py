"""Every symbol has a picture of its own."""

import itertools

import jax.numpy as jnp
import numpy as np

from engrax.envs.grid.picture import render
from engrax.envs.grid.tables import AGENT, BOX, COLOURS, DOOR, EMPTY, OBJECT, SHAPES, SQUARE, WALL


def test_squares_that_tasks_show_look_different():
    floors = [(EMPTY, colour, 0) for colour in range(len(COLOURS) + 1)]
    others = [(kind, 0, 0) for kind in (WALL, AGENT, BOX, DOOR)] + [(WALL, 4, 0)]
    kinds = itertools.product([OBJECT], range(1, len(COLOURS) + 1), range(1, len(SHAPES) + 1))
    squares = [*floors, *others, *kinds]
    pictures = np.asarray(render(jnp.array([squares], jnp.uint8)))
    apart = pictures.reshape(SQUARE, len(squares), SQUARE, 3).swapaxes(0, 1)
    assert len({picture.tobytes() for picture in apart}) == len(squares)


def test_an_object_is_its_shape_in_its_colour():
    colour, shape = list(COLOURS.values())[3], list(SHAPES.values())[5]
    picture = np.asarray(render(jnp.array([[[OBJECT, 4, 6]]], jnp.uint8)))
    np.testing.assert_array_equal(picture, shape[..., None] * np.array(colour, np.uint8))
