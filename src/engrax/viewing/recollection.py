"""Where attention goes, over many episodes: by age, and by what the recalled steps showed."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from engrax.viewing.record import Episode

KINDS = ("first step", "reward", "decision", "other")
"""What steps are called where the environment does not name what they show."""


class Share(NamedTuple):
    """A part of what a decision recalls, as means over decisions.

    Attributes:
        name: of the part.
        attention: its share of the attention.
        even: the share it would have if all remembered steps had as much.
    """

    name: str
    attention: float
    even: float


class Recollection(NamedTuple):
    """What decisions recall.

    Attributes:
        decisions: steps whose action had an effect, with something to recall.
        episodes: they were played in.
        ages: by how many steps ago it was.
        events: by what the recalled steps showed.
    """

    decisions: int
    episodes: int
    ages: tuple[Share, ...]
    events: tuple[Share, ...]


def recollection(episodes: Iterable[Episode], events: Sequence[str] = ()) -> Recollection | None:
    """Sums up the attention of all decisions.

    Args:
        episodes: as they were recorded.
        events: the environment's; without any, steps are told apart by `KINDS`.

    Returns:
        The sums; None where there is no decision that recalls anything.
    """
    names = tuple(events) or KINDS
    by_age = np.zeros((2, 32))
    by_event = np.zeros((2, len(names)))
    decisions = played = 0
    for episode in episodes:
        played += 1
        shown = episode.event if events else kinds(episode)
        for step in np.flatnonzero(episode.effective).tolist():
            attention, even = episode.attention(step), evenly(episode, step)
            if not even.any():
                continue
            decisions += 1
            ages = np.maximum(step - np.arange(episode.length), 1)
            for row, weights in enumerate((attention, even)):
                np.add.at(by_age[row], age_class(ages), weights)
                np.add.at(by_event[row], np.asarray(shown), weights)
    if not decisions:
        return None
    last = int(np.flatnonzero(by_age[1]).max()) + 1
    spans = [span_of(index) for index in range(last)]
    return Recollection(
        decisions,
        played,
        _shares(spans, by_age[:, :last] / decisions),
        _shares(names, by_event / decisions),
    )


def kinds(episode: Episode) -> np.ndarray:
    """Which of `KINDS` each step is."""
    found = np.full(episode.length, 3)
    found[np.asarray(episode.effective)] = 2
    found[np.asarray(episode.reward) != 0.0] = 1
    found[0] = 0
    return found


def evenly(episode: Episode, step: int) -> np.ndarray:
    """Attention that all remembered items share, by step."""
    there = episode.valid[step] & (episode.steps_ago[step] >= 1)
    return episode.by_step(step, np.where(there, 1.0 / max(int(there.sum()), 1), 0.0))


def age_class(ages: np.ndarray) -> np.ndarray:
    """0 for an age of 1, 1 for 2, 2 for 3 and 4, 3 for 5 to 8, and so on."""
    return np.ceil(np.log2(ages)).astype(int)


def span_of(index: int) -> str:
    """The ages of a class in words."""
    low, high = 2 ** (index - 1) + 1, 2**index
    return str(high) if index < 2 else f"{low} to {high}"


def _shares(names: Sequence[str], table: np.ndarray) -> tuple[Share, ...]:
    return tuple(
        Share(name, float(attention), float(even))
        for name, attention, even in zip(names, *table, strict=True)
    )
