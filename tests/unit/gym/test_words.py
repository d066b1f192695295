"""Words of texts: how they are split, listed and numbered."""

import pytest

from engrax.gym.words import (
    PADDING,
    UNKNOWN,
    Words,
    listed_words,
    split_words,
    tokens_of,
    vocabulary_of,
    words_in,
)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Go to the red-door_2, NOW!", ["go", "to", "the", "red", "door", "2", "now"]),
        ("Öffne  die\nTür", ["öffne", "die", "tür"]),
        ("  ... ", []),
    ],
)
def test_splitting(text, words):
    assert split_words(text) == words


def test_token_ids():
    vocabulary = vocabulary_of(["red", "go", "go"])
    assert vocabulary == (PADDING, UNKNOWN, "go", "red")
    assert tokens_of(5, vocabulary)("go RED home").tolist() == [2, 3, 1, 0, 0]
    assert tokens_of(2, vocabulary)("go red home").tolist() == [2, 3]
    assert tokens_of(2, vocabulary)("").tolist() == [0, 0]


def test_words_that_look_like_special_tokens_are_none():
    assert split_words(PADDING + UNKNOWN) == ["pad", "unknown"]
    assert tokens_of(1, vocabulary_of(["a"]))("<pad>").tolist() == [1]


def test_words_of_texts():
    assert words_in(["b a", "c"]) == Words(("a", "b", "c"), 2)
    assert words_in([]) == Words((), 0)
    assert words_in(["a"]).joined(words_in(["b c"])) == Words(("a", "b", "c"), 2)


class Missions:
    """As MiniGrid has them: a function of placeholders."""

    ordered_placeholders = (["get a", "you must fetch a"], ["red", "dark blue"], ["key", "ball"])

    def mission_func(self, start, colour, thing):
        return f"{start} {colour} {thing}!"


def test_words_that_a_space_lists():
    words = ("a", "ball", "blue", "dark", "fetch", "get", "key", "must", "red", "you")
    assert listed_words(Missions()) == Words(words, 7)
    assert listed_words(object()) == Words((), 0)
