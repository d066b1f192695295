"""Playing fresh episodes with the agent of a run."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from engrax.evaluation.play import play
from engrax.evaluation.repetitions import RepetitionMean, means_of
from engrax.evaluation.statistics import Mean, mean_ci95
from engrax.experiments.levels import levels_of
from engrax.experiments.registries import kind_of
from engrax.runs.building import (
    Task,
    Trained,
    describe_task,
    load_trained,
    memory_kind,
    task_with,
)
from engrax.runs.directory import RunDirectory
from engrax.types import Repeated


class Evaluation(NamedTuple):
    """How an agent did over fresh episodes.

    Attributes:
        episodes: how many were played.
        returns: the mean undiscounted return, with its 95 % interval over episodes.
        success: the share of episodes that succeeded, likewise; None where the task does not say.
        length: the mean number of steps, that of the reset included.
        chance: the mean return of a player without memory, where the task states one.
        seed: which episodes.
        greedy: whether the likeliest action was taken instead of a sampled one.
        environment: the task's `id` and all its settings, as plain JSON.
        agent: its registry name.
        memory: its memory's registry name.
        updates: that the agent was trained for.
        environment_steps: that it was trained on.
        repeated: what the task repeats within an episode; None if nothing.
        repetitions: the means by repetition.
    """

    episodes: int
    returns: Mean
    success: Mean | None
    length: float
    chance: float | None
    seed: int
    greedy: bool
    environment: dict[str, Any]
    agent: str
    memory: str
    updates: int
    environment_steps: int
    repeated: Repeated | None = None
    repetitions: tuple[RepetitionMean, ...] = ()


def evaluate(
    directory: RunDirectory | Path | str,
    episodes: int = 500,
    seed: int = 0,
    greedy: bool = False,
    task: Task | None = None,
) -> Evaluation:
    """Plays episodes with the agent of a run.

    Args:
        directory: a run or a published result, or its path.
        episodes: how many.
        seed: which ones.
        greedy: whether to take the likeliest action instead of sampling.
        task: what to play; what it was trained on if not given.

    Returns:
        What was measured.

    Raises:
        RunError: there are no weights yet.
        CheckpointError: the weights are damaged, or of another agent.
        ConfigError: the config does not fit.
    """
    return played_by(load_trained(directory, task), episodes, seed, greedy)


def played_by(
    trained: Trained, episodes: int = 500, seed: int = 0, greedy: bool = False
) -> Evaluation:
    """Plays episodes with an agent that is loaded; see `evaluate`."""
    experiment, environment, agent, updates, steps = trained
    played = play(agent, environment, episodes=episodes, seed=seed, greedy=greedy)
    return Evaluation(
        episodes=episodes,
        returns=mean_ci95(played.returns),
        success=None if played.successes is None else mean_ci95(played.successes),
        length=float(played.lengths.mean()),
        chance=environment.interface.chance,
        seed=seed,
        greedy=greedy,
        environment=describe_task(environment),
        agent=kind_of(experiment.agent),
        memory=memory_kind(experiment),
        updates=updates,
        environment_steps=steps,
        repeated=environment.interface.repeated,
        repetitions=means_of(played.repetitions),
    )


def evaluate_levels(
    directory: RunDirectory | Path | str,
    episodes: int = 500,
    seed: int = 0,
    greedy: bool = False,
    settings: Mapping[str, str] | None = None,
) -> dict[str, Evaluation]:
    """Plays every level of a run's task, or its first with some settings changed.

    Args:
        directory: a run or a published result, or its path.
        episodes: how many of each level.
        seed: which ones.
        greedy: whether to take the likeliest action instead of sampling.
        settings: of the task, as typed; see `task_with`.

    Returns:
        One evaluation a level, by what sets the level apart; see `evaluate` for errors.
    """
    trained = load_trained(directory)
    experiment = trained.experiment
    levels = {"": task_with(experiment, settings)} if settings else levels_of(experiment.task)
    return {
        name: played_by(trained._replace(environment=task), episodes, seed, greedy)
        for name, task in levels.items()
    }
