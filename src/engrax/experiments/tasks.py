"""The tasks of experiments, as frozen dataclasses."""

from dataclasses import asdict, dataclass
from typing import Literal

from engrax.envs import Ballet, MemoryGame, Mixture, Recall
from engrax.envs.base import AbstractEnvironment


@dataclass(frozen=True, kw_only=True)
class BalletTask:
    """Watch the dances, then find the dancer whose dance is named."""

    kind: Literal["ballet"] = "ballet"
    num_dancers: int = 2
    """Dancers, 1 to 8. The paper's levels have 2, 4 and 8."""
    dance_delay: int = 16
    """Steps between dances. The paper's levels have 16 and 48."""
    max_steps: int | None = None
    """The step at which an episode times out; the paper's 320 (delay up to 16) or 1024 where none is given."""
    view: Literal["symbols", "pixels"] = "symbols"
    """What is seen of each square: its symbols, or 9 x 9 pixels."""
    dances: tuple[str, ...] | None = None
    """Dances to draw from; all 13 where none are given."""

    def __post_init__(self):
        self.build()

    def build(self) -> AbstractEnvironment:
        """The environment."""
        return Ballet(self.num_dancers, self.dance_delay, self.max_steps, self.view, self.dances)


@dataclass(frozen=True, kw_only=True)
class RecallTask:
    """See a cue, wait, and name it: a probe with known values."""

    kind: Literal["recall"] = "recall"
    delay: int = 8
    """Steps between the cue and the query."""
    num_cues: int = 4
    """Cues to tell apart; chance is 1 in so many."""
    distractors: bool = False
    """Whether the steps between show other items."""

    def __post_init__(self):
        self.build()

    def build(self) -> AbstractEnvironment:
        """The environment."""
        return Recall(self.delay, self.num_cues, self.distractors)


@dataclass(frozen=True, kw_only=True)
class MemoryGameTask:
    """Turn cards, two and two, and find the pairs."""

    kind: Literal["memory_game"] = "memory_game"
    pairs: int = 8
    """Pairs of cards, 1 to 8. The paper's game has 8."""
    view: Literal["symbols", "pixels"] = "symbols"
    """What is seen: the number of the glyph just turned up, or the cards in pixels."""
    scale: int = 1
    """How many times 8 pixels a card is wide, in pixels."""
    table: int | None = None
    """Pairs of a larger game, whose actions and symbols to have so as to learn it from this; none for `pairs`."""

    def __post_init__(self):
        self.build()

    def build(self) -> AbstractEnvironment:
        """The environment."""
        return MemoryGame(self.pairs, self.view, self.scale, self.table)


Level = BalletTask | RecallTask | MemoryGameTask
"""What is played in one episode."""


@dataclass(frozen=True, kw_only=True)
class MixtureTask:
    """Several levels: every episode is of one of them."""

    kind: Literal["mixture"] = "mixture"
    levels: tuple[Level, ...] = (BalletTask(dance_delay=2), BalletTask())
    """The levels, all equally likely; as JSON: [{"kind": "ballet", "dance_delay": 2}, {"kind": "ballet"}]."""

    def __post_init__(self):
        self.build()

    def build(self) -> AbstractEnvironment:
        """The environment."""
        return Mixture([level.build() for level in self.levels])


Task = Level | MixtureTask


def levels_of(task: Task) -> dict[str, Level]:
    """The levels of a task by what sets them apart: `num_dancers=4 dance_delay=16`; a single one by its kind."""
    if not isinstance(task, MixtureTask):
        return {task.kind: task}
    settings = [asdict(level) for level in task.levels]
    names = {name for one in settings for name in one if any(one[name] != other.get(name) for other in settings)}
    told = [" ".join(f"{name}={value}" for name, value in one.items() if name in names) for one in settings]
    return {name or level.kind: level for name, level in zip(told, task.levels, strict=True)}
