"""Entries of `info` that time steps keep."""

import numpy as np
import pytest

from engrax.errors import ConfigError
from engrax.gym.infos import Answers, blank, kept_names, kept_of, separate
from engrax.gym.task import GymnasiumTask

ANSWERS = Answers("cards", "seen", classes=4, size=2)


def test_success_under_either_name_and_false_where_nothing_says_it():
    assert kept_of([{"success": True}, {}], None)["success"].tolist() == [True, False]
    assert kept_of([{}, {"is_success": np.True_}], None)["success"].tolist() == [False, True]
    assert kept_of([{}, {}], None)["success"].tolist() == [False, False]


def test_answers_are_not_known_where_they_are_missing():
    kept = kept_of([{"cards": [3, 1], "seen": [False, True]}, {}, {"cards": [2, 2]}], ANSWERS)
    assert kept["answers"].tolist() == [[3, 1], [0, 0], [2, 2]]
    assert kept["known"].tolist() == [[False, True], [False, False], [False, False]]
    assert {name: part.shape for name, part in blank(ANSWERS).items()} == {
        name: part.shape[1:] for name, part in kept.items() if name != "success"
    }
    assert kept["success"].shape == (3,)


def test_all_answers_are_known_where_no_entry_says_it():
    kept = kept_of([{"cards": 3}, {}], Answers("cards", size=1))
    assert (kept["answers"].tolist(), kept["known"].tolist()) == ([[3], [0]], [[True], [False]])


def test_the_info_of_a_vector_environment_by_stream():
    info = {
        "cards": np.array([[3, 1], [0, 0]]),
        "_cards": np.array([True, False]),
        "success": np.array([True, True]),
        "lives": np.array([3, 3]),
    }
    first, second = separate(info, 2, kept_names(ANSWERS, mask=False))
    assert (list(first), list(second)) == (["success", "cards"], ["success"])
    assert first["cards"].tolist() == [3, 1]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"question": "cards"}, "asks for 'cards' of info, which has hidden_known, hidden_pos"),
        ({"question": "hidden_positive", "question_known": "seen"}, "asks for 'seen' of info"),
        ({"question_classes": 1}, "question_classes is 1, expected at least 2"),
    ],
)
def test_a_question_that_cannot_be_asked(settings, message):
    with pytest.raises(ConfigError, match=message):
        _ = GymnasiumTask("engrax/CartPoleHidden-v0", **settings).interface
