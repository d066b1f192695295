"""Texts as token ids, by a vocabulary that is fixed before the agent is built."""

import re
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

PADDING = "<pad>"
"""Token 0: what fills a text up to its length."""
UNKNOWN = "<unknown>"
"""Token 1: what stands for a word that the vocabulary lacks."""


class Words(NamedTuple):
    """What a space of texts can say.

    Attributes:
        words: distinct words in lower case, sorted.
        length: the number of words of the longest text.
    """

    words: tuple[str, ...]
    length: int

    def joined(self, other: "Words") -> "Words":
        """The words of both, and the larger length."""
        return Words(tuple(sorted({*self.words, *other.words})), max(self.length, other.length))


NO_WORDS = Words((), 0)


def split_words(text: str) -> list[str]:
    """The words of a text: in lower case, split at everything that is neither letter nor digit."""
    return re.findall(r"[^\W_]+", text.lower())


def words_in(texts: Iterable[str]) -> Words:
    """The words of some texts."""
    split = [split_words(text) for text in texts]
    words = sorted({word for text in split for word in text})
    return Words(tuple(words), max(map(len, split), default=0))


def vocabulary_of(words: Iterable[str]) -> tuple[str, ...]:
    """A vocabulary: the padding, the unknown word, then the words in order."""
    return (PADDING, UNKNOWN, *sorted(set(words)))


def tokens_of(length: int, vocabulary: Sequence[str]) -> Callable[[str], np.ndarray]:
    """Texts as token ids, int32 `[length]`; texts mostly repeat, and are remembered.

    Args:
        length: how many tokens; a longer text is cut, a shorter one padded.
        vocabulary: token i reads `vocabulary[i]`; the first two are `PADDING` and `UNKNOWN`.
    """
    index = {word: token for token, word in enumerate(vocabulary)}

    @lru_cache(maxsize=4096)
    def token_ids(text: str) -> np.ndarray:
        known = [index.get(word, 1) for word in split_words(text)[:length]]
        return np.array(known + [0] * (length - len(known)), np.int32)

    return token_ids


def listed_words(space: Any) -> Words:
    """The words that a space of texts lists.

    MiniGrid's mission spaces list them: a mission is a function of placeholders, each with a list
    of its values. Gymnasium's `Text` does not.
    """
    if not hasattr(space, "mission_func"):
        return NO_WORDS
    options = space.ordered_placeholders or []
    longest = [max(values, key=lambda value: len(split_words(value))) for values in options]
    missions = [space.mission_func(*longest)]
    for place, values in enumerate(options):
        before, after = longest[:place], longest[place + 1 :]
        missions += [space.mission_func(*before, value, *after) for value in values]
    return words_in(missions)


def is_text(space: Any) -> bool:
    """Whether a space holds texts."""
    return hasattr(space, "mission_func") or type(space).__name__ == "Text"
