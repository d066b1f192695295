"""What a linear read-out finds in the memory of the agent of a run."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import jax

from engrax.errors import ConfigError
from engrax.evaluation.readout import ReadOut, read_out
from engrax.runs.building import building, load_trained, opened, task_with
from engrax.runs.directory import RunDirectory


class Probe(NamedTuple):
    """A read-out of an agent's memory.

    Attributes:
        found: how well the read-out does.
        seed: which episodes.
        updates: that the agent was trained for; 0 where its parameters were newly drawn.
    """

    found: ReadOut
    seed: int
    updates: int


def probe(
    directory: RunDirectory | Path | str,
    streams: int = 512,
    steps: int = 48,
    seed: int = 0,
    untrained: bool = False,
    settings: Mapping[str, str] | None = None,
) -> Probe:
    """Fits a linear read-out to the memory of the agent of a run; see `read_out`.

    Args:
        directory: a run or a published result, or its path.
        streams: played side by side.
        steps: of each stream.
        seed: which episodes.
        untrained: whether to draw new parameters for the agent.
        settings: of the task, as typed, see `task_with`: of a Gymnasium environment, `question`
            names an entry of `info`.

    Raises:
        ConfigError: the task or the agent does not allow it.
        RunError: there are no weights yet.
        CheckpointError: the weights are damaged, or of another agent.
    """
    directory = opened(directory)
    experiment, environment, agent, updates, _ = load_trained(directory)
    if settings:
        environment = task_with(experiment, settings)
    if untrained:
        with building():
            agent = experiment.build_agent(environment.interface, jax.random.key(seed))
    try:
        found = read_out(agent, environment, streams=streams, steps=steps, seed=seed)
    except ValueError as error:
        raise ConfigError(f"{directory.path}: {error}") from error
    return Probe(found, seed, 0 if untrained else updates)
