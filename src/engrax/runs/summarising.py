"""How far a run is, and what it is made of."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from engrax.experiments.config import Experiment
from engrax.runs import checkpoint
from engrax.runs.building import experiment_of, opened
from engrax.runs.directory import RunDirectory, counters
from engrax.runs.log import warn as log_warning
from engrax.runs.metrics import Row


class Summary(NamedTuple):
    """How far a run is.

    Attributes:
        directory: where it is.
        preset: the name of the preset it came from.
        updates: at its newest checkpoint that is whole.
        target_updates: after which training stops.
        environment_steps: at that checkpoint.
        state_sha256: of the state in it; None for a published result, which has no state.
        metrics: the last row of its log; None where there is none.
        experiment: what is trained.
        versions: of the programs that ran it; None where the config does not say.
    """

    directory: Path
    preset: str
    updates: int
    target_updates: int
    environment_steps: int
    state_sha256: str | None
    metrics: Row | None
    experiment: Experiment
    versions: dict[str, str] | None


def summarise(
    directory: RunDirectory | Path | str, warn: Callable[[str], object] = log_warning
) -> Summary:
    """How far a run or a published result is.

    Args:
        directory: of the run, or its path.
        warn: called with one line for each damaged checkpoint that was passed over.

    Raises:
        CheckpointError: all checkpoints are damaged.
        ConfigError: the config does not fit.
    """
    directory = opened(directory)
    experiment = experiment_of(directory)
    updates, steps, sha256 = _how_far(directory, warn)
    rows = directory.metrics.rows()
    return Summary(
        directory=directory.path,
        preset=directory.preset,
        updates=updates,
        target_updates=experiment.updates,
        environment_steps=steps,
        state_sha256=sha256,
        metrics=rows[-1] if rows else None,
        experiment=experiment,
        versions=directory.config.get("versions"),
    )


def _how_far(directory: RunDirectory, warn: Callable[[str], object]) -> tuple[int, int, str | None]:
    if directory.published:
        return *counters(checkpoint.load(directory.weights), directory.weights), None
    found = directory.load(warn)
    if found is None:
        return 0, 0, None
    path, contents = found
    return *counters(contents, path), contents.state_sha256
