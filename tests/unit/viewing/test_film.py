"""Frames show what was recorded, and stay as long as they matter."""

import numpy as np
import pytest

from engrax.runtime import Pure
from engrax.types import Continuous, Interface, MultiDiscrete
from engrax.viewing.film import SIZE, Film

from .episodes import SCREEN, Screen, nothing_recalled, scripted


def test_pictures_of_recalled_steps_are_those_of_now_minus_steps_ago():
    weights, ago = np.zeros((9, 2)), np.ones((9, 2))
    weights[8], ago[8] = [0.7, 0.3], [6, 1]  # steps 2 and 7
    film = Film(SCREEN, scripted(weights, ago))
    frame, pitch = film.frame(8), 0.53 / 5
    row = round(SIZE[1] * (1 - 0.175 - 0.47 * pitch * 16 / 9))
    columns = [round(SIZE[0] * (0.445 + (index + 0.5) * pitch)) for index in range(3)]
    assert [frame[row, column].tolist() for column in columns] == [[40] * 3, [140] * 3, [255] * 3]
    assert frame[200, 190].tolist() == [160] * 3  # and the present step is the present step
    assert np.any(film.frame(7) != frame)
    np.testing.assert_array_equal(film.frame(8), frame)


def test_steps_on_which_actions_count_stay_longer():
    episode = scripted(*nothing_recalled(4), effective=[False, True, True, False])
    assert [shot.beats for shot in Film(SCREEN, episode).shots()] == [1, 4, 4, 8]
    every = scripted(*nothing_recalled(3))
    assert [shot.beats for shot in Film(SCREEN, every).shots()] == [1, 1, 8]


def test_a_reel_has_samples_of_the_frames_and_all_shots():
    reel = Film(SCREEN, scripted(*nothing_recalled(3))).reel()
    assert len(list(reel.shots)) == 3
    assert all(frame.shape == (SIZE[1], SIZE[0], 3) for frame in reel.sample)


OTHER_ACTIONS = {
    "multi_discrete": (MultiDiscrete((2, 3)), np.array([[1, 2], [0, 1], [0, 0]]), 5),
    "continuous": (Continuous((-1.0,), (1.0,)), np.array([[0.5], [-1.0], [1.0]], np.float32), 1),
}


@pytest.mark.parametrize(("actions", "taken", "bars"), OTHER_ACTIONS.values(), ids=OTHER_ACTIONS)
def test_every_kind_of_action_is_drawn(actions, taken, bars):
    class Other(Screen):
        @property
        def interface(self):
            return Interface(SCREEN.interface.observations, actions)

    policy = np.full((3, bars), 0.1, np.float32)
    episode = scripted(*nothing_recalled(3), action=taken, policy=policy)
    low = Film(Other(num_cues=2), episode).frame(0)
    high = Film(Other(num_cues=2), episode._replace(policy=policy + 0.8)).frame(0)
    region = (slice(round(SIZE[1] * 0.82), SIZE[1]), slice(0, round(SIZE[0] * 0.37)))
    assert np.any(low[region] != high[region])
    np.testing.assert_array_equal(low[: SIZE[1] // 2], high[: SIZE[1] // 2])


def test_the_end_says_how_it_ended():
    """Success, failure, or neither: three different pictures of the last step."""
    episode = scripted(*nothing_recalled(3))
    frames = [Film(SCREEN, episode).frame(2)]
    for success in (True, False):
        info = {"success": np.array([False, False, success])}
        frames.append(Film(SCREEN, episode._replace(info=info)).frame(2))
    assert len({frame.tobytes() for frame in frames}) == 3


def test_a_film_is_of_a_task_or_of_its_world():
    episode = scripted(*nothing_recalled(3))
    of_world, of_task = (Film(where, episode).frame(1) for where in (Pure(SCREEN), SCREEN))
    np.testing.assert_array_equal(of_world, of_task)
