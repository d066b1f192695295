"""Starting a new run from what an earlier one has learnt: its parameters, and its optimiser where
that was kept.

A run directory has both in its checkpoints. A published result has its parameters in
`weights.safetensors`, and may have its optimiser in `optimiser.safetensors`.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, Protocol, runtime_checkable

import equinox as eqx

from engrax.errors import RunError
from engrax.runs import checkpoint
from engrax.runs.checkpoint import CheckpointError, Contents
from engrax.runs.directory import RunDirectory, counters
from engrax.runtime import TrainState

OPTIMISER = "optimiser.safetensors"


class Learnt(NamedTuple):
    """What an earlier run has learnt.

    Attributes:
        agent: with its parameters.
        optimiser: its state, or None where none was kept or it is of another form.
        origin: where it is from, as plain JSON: directory, updates, environment steps, SHA-256 of
            the parameters.
    """

    agent: Any
    optimiser: Any
    origin: dict[str, Any]


@runtime_checkable
class Learns(Protocol):
    """What is to go on learning, or its shapes."""

    @property
    def learner(self) -> Any:
        """Its `agent`, of which all but the parameters stays as it is, and its `optimiser`."""
        ...


def learnt(directory: RunDirectory, template: Learns, warn: Callable[[str], object]) -> Learnt:
    """Reads what a run has learnt.

    Args:
        directory: a run, or a published result.
        template: what is to go on learning, or its shapes.
        warn: called with one line for damaged files that were passed over, and if the optimiser is
            missing.

    Raises:
        RunError: there is nothing to take yet.
        CheckpointError: the parameters are damaged, or not those of such an agent.
        OSError: they cannot be read.
    """
    path, parameters, kept = sources(directory, warn)
    updates, steps = counters(parameters, path)
    try:
        trained = checkpoint.restore_weights(parameters, template.learner.agent, path)
    except CheckpointError as error:
        raise CheckpointError(
            f"{error}; the settings that it was trained with are in its config.json"
        ) from error
    origin = {"directory": str(directory.path), "updates": updates, "environment_steps": steps}
    origin["sha256"] = parameters.state_sha256
    return Learnt(trained, _optimiser(kept, template.learner.optimiser, directory, warn), origin)


def started_from(state: TrainState, before: Learnt) -> TrainState:
    """A state before its first update with what another run has learnt.

    Args:
        state: freshly made.
        before: of the other run; without an optimiser the state keeps its own.
    """
    learner = state.learner._replace(agent=before.agent)
    if before.optimiser is not None:
        learner = learner._replace(optimiser=before.optimiser)
    return state._replace(learner=learner)


def sources(
    directory: RunDirectory, warn: Callable[[str], object]
) -> tuple[Path, Contents, Contents | None]:
    """The file of the parameters, what it holds of them, and what is kept of the optimiser; see
    `learnt`.
    """
    if not directory.published:
        found = directory.load(warn)
        if found is None:
            raise RunError(
                f"{directory.path} has learnt nothing yet: parameters come with the first "
                "checkpoint"
            )
        path, whole = found
        return (
            path,
            _part(whole, "learner.agent", eqx.is_inexact_array),
            _part(whole, "learner.optimiser"),
        )
    parameters = checkpoint.load(directory.weights)
    path = directory.path / OPTIMISER
    return directory.weights, parameters, checkpoint.load(path) if path.exists() else None


def _part(contents: Contents, name: str, wanted: Callable[[Any], bool] = eqx.is_array) -> Contents:
    """What a checkpoint holds under one name, as if it had been saved by itself."""
    prefix = f"{name}."
    found = (
        (key, array)
        for key, array in contents.arrays.items()
        if key.startswith(prefix) and wanted(array)
    )
    return Contents({key.removeprefix(prefix): array for key, array in found}, contents.words)


def _optimiser(
    kept: Contents | None, template: Any, directory: RunDirectory, warn: Callable[[str], object]
) -> Any:
    if kept is None:
        warn(f"{directory.path} keeps no optimiser: starting a fresh one")
        return None
    try:
        return checkpoint.restore(kept, template, directory.path / OPTIMISER)
    except CheckpointError as error:
        warn(f"{error}: starting a fresh optimiser")
        return None
