"""`engrax show`: how far a run is, and what it is made of."""

from collections.abc import Sequence
from typing import Any

from engrax.cli.arguments import Parser, add_directory, add_json
from engrax.cli.experiment import experiment_of
from engrax.cli.output import print_json, print_table, warn
from engrax.experiments.codec import encode
from engrax.runs import checkpoint
from engrax.runs.directory import RunDirectory, counters

_EXAMPLES = """\
  engrax show runs/hcam
  engrax show runs/hcam --json
"""


def run(words: Sequence[str]) -> int:
    """Runs the command; see `engrax show --help`."""
    parser = Parser("show", "Say how far a run is, and what it is made of.", _EXAMPLES)
    add_directory(parser, "a run directory, or a published result")
    add_json(parser, "it")
    arguments = parser.read(words)
    result = summary(RunDirectory.open(arguments.directory))
    if arguments.json:
        print_json(result)
    else:
        print_table(_in_words(result))
    return 0


def summary(directory: RunDirectory) -> dict[str, Any]:
    """How far a run is, as plain JSON.

    Args:
        directory: a run or a published result.

    Returns:
        `updates`, `environment_steps` and `state_sha256` of the newest checkpoint that is whole (a published result
        has no state, so its SHA-256 is null), the target, the latest metrics, the experiment and what ran it.

    Raises:
        CheckpointError: all checkpoints are damaged.
        ConfigError: the config does not fit.
    """
    experiment = experiment_of(directory)
    updates, steps, sha256 = _how_far(directory)
    rows = directory.metrics.rows()
    return {
        "directory": str(directory.path),
        "preset": directory.preset,
        "updates": updates,
        "target_updates": experiment.updates,
        "environment_steps": steps,
        "state_sha256": sha256,
        "metrics": rows[-1] if rows else None,
        "experiment": encode(experiment),
        "versions": directory.config.get("versions"),
    }


def _how_far(directory: RunDirectory) -> tuple[int, int, str | None]:
    if directory.published:
        return *counters(checkpoint.load(directory.weights), directory.weights), None
    found = directory.load(warn)
    if found is None:
        return 0, 0, None
    path, contents = found
    return *counters(contents, path), contents.state_sha256


def _in_words(result: dict[str, Any]) -> dict[str, object]:
    experiment, metrics = result["experiment"], result["metrics"] or {}
    return {
        "run": result["directory"],
        "preset": result["preset"],
        "task": _short(experiment["task"]),
        "memory": _short(experiment["memory"]),
        "updates": f"{result['updates']:,} of {result['target_updates']:,}",
        "environment steps": f"{result['environment_steps']:,}",
        "state SHA-256": result["state_sha256"] or "-",
        **{name: f"{value:.4g}" for name, value in metrics.items() if isinstance(value, float)},
    }


def _short(group: dict[str, Any]) -> str:
    settings = ", ".join(f"{name} {value}" for name, value in group.items() if name != "kind" and value is not None)
    return f"{group['kind']} ({settings})"
