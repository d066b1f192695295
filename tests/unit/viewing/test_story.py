"""An episode made ready for drawing."""

import numpy as np

from engrax.runtime import Pure
from engrax.viewing.story import strongest, tell

from .episodes import SCREEN, Speech, nothing_recalled, scripted


def test_the_strongest_steps_are_in_the_order_of_time():
    assert strongest(np.array([0.0, 0.3, 0.001, 0.5, 0.2]), most=3).tolist() == [1, 3, 4]
    assert strongest(np.array([0.0, 0.3, 0.001, 0.5, 0.2]), most=5).tolist() == [1, 3, 4]
    assert strongest(np.zeros(5)).tolist() == []


def test_a_story_has_a_picture_words_and_the_attention_of_each_step():
    weights, ago = [[0.0], [0.7], [0.4]], [[1], [1], [2]]
    story = tell(Pure(SCREEN), scripted(weights, ago))
    assert story.frames.shape == (3, 8, 8, 3)
    assert list(story.words) == ["look", "", "look"]
    np.testing.assert_allclose(story.attention, [[0, 0, 0], [0.7, 0, 0], [0.4, 0, 0]], atol=1e-6)
    assert story.remembers
    assert story.interface == SCREEN.interface


def test_words_alone_have_blank_pictures():
    episode = scripted(*nothing_recalled(3), observation={"text": np.zeros((3, 2), np.int32)})
    story = tell(Pure(Speech(num_cues=2)), episode)
    assert story.frames.shape == (3, 1, 1, 3)
    assert not story.remembers
