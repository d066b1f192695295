"""Every kind of observation is drawn, or read as words."""

import jax
import numpy as np
from contract.reference_worlds import Counting

from engrax.envs import Ballet, Recall
from engrax.runtime import Pure
from engrax.types import Discrete, Interface, SymbolsSpec
from engrax.viewing.pictures import (
    image_pictures,
    pictures,
    symbols_pictures,
    vector_pictures,
    words,
)

from .episodes import Speech


def test_a_task_that_draws_itself_is_drawn_so():
    ballet = Ballet(view="symbols")
    shown = ballet.reset(jax.random.key(0))[1].observation
    seen = {name: np.asarray(array)[None] for name, array in shown.items()}
    pixels = Ballet(view="pixels").reset(jax.random.key(0))[1].observation["image"]
    np.testing.assert_array_equal(pictures(Pure(ballet), seen), pixels[None])
    assert words(ballet.interface, seen) == ["watch"]


def test_a_task_that_does_not_is_drawn_part_by_part():
    vectors = np.random.default_rng(0).normal(size=(2, 6)).astype(np.float32)
    drawn = pictures(Pure(Recall()), {"vector": vectors})
    np.testing.assert_array_equal(drawn, vector_pictures(vectors))


def test_a_host_world_is_drawn_part_by_part():
    vectors = np.ones((3, 2), np.float32)
    np.testing.assert_array_equal(
        pictures(Counting(), {"vector": vectors}), vector_pictures(vectors)
    )


def test_words_are_read_and_not_drawn():
    speech, said = Speech(), {"text": np.array([[0, 1], [0, 2]])}
    assert pictures(Pure(speech), said) is None
    assert words(speech.interface, said) == ["look", "look there"]


def test_parts_stand_one_under_the_other():
    class Two(Recall):
        @property
        def interface(self):
            return Interface(
                {"a": SymbolsSpec(2, 2, (3,)), "b": SymbolsSpec(1, 2, (3,))}, Discrete(2)
            )

    seen = {"a": np.ones((1, 2, 2, 1), np.uint8), "b": np.zeros((1, 1, 2, 1), np.uint8)}
    drawn = pictures(Pure(Two()), seen)
    parts = [symbols_pictures(seen[name]) for name in ("a", "b")]
    np.testing.assert_array_equal(drawn, np.concatenate(parts, axis=1))


def test_codes_of_symbols_have_colours_of_their_own():
    drawn = symbols_pictures(np.arange(60).reshape(1, 6, 5, 2))
    assert len(np.unique(drawn.reshape(-1, 3), axis=0)) >= 50


def test_bars_of_a_vector_go_up_blue_and_down_red():
    bars = vector_pictures(np.array([[1.0, -1.0, 0.0], [0.5, 0.0, np.inf]], np.float32))
    blue, red = (
        np.all(bars == colour, axis=-1).sum(axis=(1, 2)) for colour in ((0, 114, 178), (213, 94, 0))
    )
    assert blue[0] > blue[1] > 0
    assert red[0] > red[1] == 0


def test_images_of_any_number_of_channels_have_three():
    images = np.random.default_rng(0).integers(0, 256, (2, 3, 3, 4), np.uint8)
    np.testing.assert_array_equal(image_pictures(images), images[..., :3])
    grey = image_pictures(images[..., :2])
    np.testing.assert_array_equal(grey, np.repeat(images[..., :1], 3, axis=-1))
