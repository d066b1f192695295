"""`engrax resume`: goes on with a run as if it had never stopped."""

from collections.abc import Sequence
from dataclasses import replace

from engrax.cli.arguments import Parser, add_directory, add_json, integer
from engrax.cli.experiment import build_trainer, experiment_of
from engrax.cli.output import say, warn
from engrax.cli.train import train_and_report
from engrax.errors import UserError
from engrax.runs.directory import RunDirectory

_EXAMPLES = """\
  engrax resume runs/hcam                    # what is left of a run that was stopped or killed
  engrax resume runs/hcam --updates 10000    # further than was planned: 10000 updates in all
"""


def run(words: Sequence[str]) -> int:
    """Runs the command; see `engrax resume --help`."""
    parser = Parser("resume", "Go on with a run from its newest checkpoint, bit for bit.", _EXAMPLES)
    add_directory(parser, "a run directory")
    parser.add_argument("--updates", metavar="N", type=integer(1, 10**12), help="updates in all, earlier ones included")
    add_json(parser, "what `engrax show` says of the run at its end")
    arguments = parser.read(words)
    directory = RunDirectory.open(arguments.directory)
    with directory.exclusive():
        return _resume(directory, arguments.updates, arguments.json)


def _resume(directory: RunDirectory, updates: int | None, as_json: bool) -> int:
    experiment = experiment_of(directory)
    trainer, shapes = build_trainer(experiment)
    logged = int((directory.metrics.rows() or [{}])[-1].get("update") or 0)
    restored = directory.resume(shapes, warn)
    if restored is None and directory.origin is not None:
        raise UserError(
            f"{directory.path} was stopped before it had taken over what {directory.origin.get('directory')} had "
            "learnt; delete it and train again"
        )
    made = 0 if restored is None else int(restored.updates)
    if updates is not None:
        _check_target(directory, made, updates)
        experiment = replace(experiment, updates=updates)
        directory.set_target(updates)
    say(where_from(None if restored is None else made, logged))
    if made >= experiment.updates:
        say(f"{directory.path} has made its {made} updates; --updates N goes further")
    state = trainer.init() if restored is None else restored
    return train_and_report(trainer, state, directory, experiment, as_json)


def where_from(checkpoint: int | None, logged: int) -> str:
    """Where a run goes on, in one line.

    Args:
        checkpoint: the updates made at its newest checkpoint that is whole, None where there is none.
        logged: the last update in its metrics.

    Returns:
        The line; it says which updates are made again.
    """
    start = "no checkpoint yet, starting again" if checkpoint is None else f"resuming from update {checkpoint}"
    made = checkpoint or 0
    return f"{start}; updates {made + 1} to {logged} are made again" if logged > made else start


def _check_target(directory: RunDirectory, made: int, updates: int) -> None:
    if updates < made:
        raise UserError(f"{directory.path} has made {made} updates already; --updates counts all: give {made} or more")
