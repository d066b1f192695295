"""Entries of `info` that time steps keep: success, and the answers to a probe's question."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from engrax.errors import ConfigError
from engrax.gym.masking import MASK
from engrax.types import Question

SUCCESS = ("success", "is_success")
"""Entries of `info` that say whether an episode succeeds."""

Info = Mapping[str, Any]
"""What an environment says beside an observation."""


@dataclass(frozen=True)
class Answers:
    """Which entries of `info` have what a probe of the memory predicts."""

    labels: str
    """The entry with the answers: class numbers from 0, one or an array of q."""
    known: str = ""
    """The entry that says which answers the episode has shown so far; none: all, always."""
    classes: int = 2
    """How many classes there are."""
    size: int = 0
    """q; 0 until it is found out."""

    @property
    def question(self) -> Question:
        """The question that an interface states."""
        return Question("answers", "known", self.classes)

    def sized(self, info: Info) -> "Answers":
        """With q as the `info` of a reset has it.

        Raises:
            ConfigError: an entry is missing.
        """
        for name in filter(None, (self.labels, self.known)):
            if name not in info:
                there = ", ".join(sorted(info)) or "nothing"
                raise ConfigError(
                    f"the question asks for {name!r} of info, which has {there}: name an entry "
                    "that every reset and step gives"
                )
        return replace(self, size=np.size(info[self.labels]))


def blank(answers: Answers | None) -> dict[str, np.ndarray]:
    """The entries of one stream's time step that answer a question, all zero."""
    if answers is None:
        return {}
    return {"answers": np.zeros(answers.size, np.int32), "known": np.zeros(answers.size, bool)}


def kept_names(answers: Answers | None, mask: bool) -> tuple[str, ...]:
    """The entries of `info` that are kept.

    Args:
        answers: to a probe's question.
        mask: whether a mask of actions is one.
    """
    asked = () if answers is None else (answers.labels, answers.known)
    return (*SUCCESS, *filter(None, asked), *((MASK,) if mask else ()))


def kept_of(infos: Sequence[Info], answers: Answers | None) -> dict[str, np.ndarray]:
    """The entries to keep of n environments' `info`, `[n, ...]`; zero where one is missing."""
    success = next((name for name in SUCCESS if any(name in info for info in infos)), SUCCESS[0])
    kept = {"success": np.array([bool(info.get(success, False)) for info in infos])}
    if answers is None:
        return kept
    nothing = np.zeros(answers.size, np.int32)
    labels = [np.reshape(info.get(answers.labels, nothing), -1) for info in infos]
    known = [_known(info, answers) for info in infos]
    return kept | {"answers": np.array(labels, np.int32), "known": np.array(known, bool)}


def separate(info: Info, streams: int, kept: Sequence[str]) -> list[dict[str, Any]]:
    """The `info` of a vector environment as one a stream, with the entries to keep alone.

    Gymnasium says in an entry `_NAME` which streams have an entry `NAME`.
    """
    names = [name for name in kept if name in info]
    everyone = np.ones(streams, bool)
    return [
        {name: info[name][i] for name in names if info.get(f"_{name}", everyone)[i]}
        for i in range(streams)
    ]


def _known(info: Info, answers: Answers) -> np.ndarray:
    if answers.labels not in info:
        return np.zeros(answers.size, bool)
    known = info.get(answers.known, False) if answers.known else True
    return np.broadcast_to(np.reshape(known, -1), answers.size)
