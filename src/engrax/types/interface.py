"""What an agent observes and does in a world. Agents, suites and evaluation take it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from engrax.types.actions import Actions, Discrete
from engrax.types.specs import MaskSpec, Spec

MOST_NAMED = 10_000
"""Actions that get names of their own."""


class Question(NamedTuple):
    """What a linear probe of an agent's memory predicts about the hidden state.

    Attributes:
        labels: the entry of `info` that holds the answers, integers [q] from `lowest` on.
        known: the entry that says which of them have been shown so far in the episode, [q].
        classes: how many answers there are to each.
        lowest: the least of them.
    """

    labels: str
    known: str
    classes: int
    lowest: int = 0


class Repeated(NamedTuple):
    """What is repeated within an episode, so that a mean by repetition shows what was learnt in it:
    such as the moves to a goal by how often it was reached before. All names are of entries of
    `info`.

    Attributes:
        value: what is averaged.
        by: the number of the repetition, from 0 on.
        when: the steps that end a repetition and have its value.
        most: repetitions that are kept.
    """

    value: str
    by: str
    when: str
    most: int


@dataclass(frozen=True)
class Interface:
    """Observations and actions of a world.

    Attributes:
        observations: one spec per part, by its name.
        actions: the kind of action.
        action_names: names of the actions for display; if not given, the numbers of at most
            `MOST_NAMED` actions.
        chance: what a player without memory scores, where the task states it: the success where
            the task has one, otherwise the mean return.
        question: what `engrax probe` predicts; None if there is nothing to predict.
        repeated: what `engrax evaluate` averages by repetition; None if nothing is repeated.
    """

    observations: Mapping[str, Spec]
    actions: Actions
    action_names: tuple[str, ...] = ()
    chance: float | None = None
    question: Question | None = None
    repeated: Repeated | None = None

    def __post_init__(self):
        if not self.seen:
            raise ValueError("an interface without observations: name at least one part")
        self._check_mask()
        if self.action_names or not isinstance(self.actions, Discrete):
            return
        if self.actions.size <= MOST_NAMED:
            object.__setattr__(self, "action_names", tuple(map(str, range(self.actions.size))))

    @property
    def seen(self) -> dict[str, Spec]:
        """The parts of an observation that an agent sees: all but the mask."""
        parts = self.observations.items()
        return {name: spec for name, spec in parts if not isinstance(spec, MaskSpec)}

    @property
    def mask(self) -> str | None:
        """The part that says which actions are possible; None where all are."""
        return next((name for name in self.observations if name not in self.seen), None)

    def _check_mask(self) -> None:
        masks = [spec for spec in self.observations.values() if isinstance(spec, MaskSpec)]
        wanted, actions = self.actions.choices, self.actions
        if len(masks) > 1:
            raise ValueError(f"{len(masks)} masks of actions, expected at most one")
        if masks and masks[0].sizes != wanted:
            way_out = f"expected {wanted}, those of {actions}" if wanted else "leave it out"
            raise ValueError(
                f"a mask has choices {masks[0].sizes}, actions are {actions}: {way_out}"
            )

    def difference(self, other: "Interface") -> str | None:
        """Why an agent made for this interface cannot act in another one; None if it can."""
        if self.actions != other.actions:
            return f"actions are {other.actions}, expected {self.actions}"
        for name in sorted({*self.observations, *other.observations}):
            ours, theirs = self.observations.get(name), other.observations.get(name)
            if ours != theirs:
                return (
                    f"observation {name!r} is {theirs or 'missing'}, expected "
                    f"{ours or 'nothing of that name'}"
                )
        return None
