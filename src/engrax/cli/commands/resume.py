"""`engrax resume`: goes on with a run as if it had never stopped."""

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from engrax.cli.arguments import (
    Parser,
    add_budget,
    add_directory,
    add_hosts,
    add_import,
    add_json,
    add_log,
    add_ray_address,
    check_budget,
    join_hosts,
)
from engrax.cli.on_ray import check_on_ray, train_on_ray_and_report
from engrax.cli.output import say, warn
from engrax.cli.retrying import supervised, without

if TYPE_CHECKING:
    from engrax.runs.directory import RunDirectory

_EXAMPLES = """\
  engrax resume runs/hcam                    # what is left of a run that was stopped or killed
  engrax resume runs/hcam --updates 10000    # further than was planned: 10000 updates in all
  engrax resume runs/hcam --steps 2e6        # likewise, in environment steps
"""


def run(words: Sequence[str]) -> int:
    """Runs the command; see `engrax resume --help`."""
    arguments = _parser().read(words)
    check_budget(arguments)
    if check_on_ray(arguments):
        return _on_ray(arguments)
    hosts = join_hosts(arguments)
    if arguments.retries:
        once = ["resume", *without(words, "--retries")]
        return supervised(once, arguments.directory, hosts, arguments.retries)
    from engrax.cli.reporting import train_and_report
    from engrax.runs.directory import RunDirectory
    from engrax.runs.hosts import is_first
    from engrax.runs.training import resumed_run

    directory = RunDirectory.open(arguments.directory)
    updates, address = _updates(directory, arguments), arguments.ray_address
    with resumed_run(directory, updates, warn, log=arguments.log, ray_address=address) as job:
        if is_first():
            say(where_from(job.restored, job.logged))
            if (job.restored or 0) >= job.experiment.updates:
                made = f"{directory.path} has made its {job.restored} updates"
                say(f"{made}; --updates N goes further")
        return train_and_report(job, arguments.json)


def _on_ray(arguments: argparse.Namespace) -> int:
    from engrax.runs.building import experiment_of
    from engrax.runs.directory import RunDirectory
    from engrax.runs.ray_hosts import Training

    directory = RunDirectory.open(arguments.directory)
    updates = _updates(directory, arguments)
    training = Training(directory.path, updates=updates, log=arguments.log)
    until = experiment_of(directory).updates if updates is None else updates
    return train_on_ray_and_report(training, until, arguments)


def where_from(checkpoint: int | None, logged: int) -> str:
    """Where a run goes on, in one line.

    Args:
        checkpoint: updates at its newest checkpoint that is whole; None where there is none.
        logged: the last update in its metrics.

    Returns:
        The line; it says which updates are made again.
    """
    fresh = "no checkpoint yet, starting again"
    start = fresh if checkpoint is None else f"resuming from update {checkpoint}"
    made = checkpoint or 0
    return f"{start}; updates {made + 1} to {logged} are made again" if logged > made else start


def _updates(directory: "RunDirectory", arguments: argparse.Namespace) -> int | None:
    from engrax.runs.building import experiment_of, updates_of

    if arguments.steps is None:
        return arguments.updates
    return updates_of(experiment_of(directory), arguments.steps)


def _parser() -> Parser:
    what = "Go on with a run from its newest checkpoint, bit for bit."
    parser = Parser("resume", what, _EXAMPLES)
    add_directory(parser, "a run directory")
    add_budget(parser)
    add_ray_address(parser, "; for a run with actors")
    add_hosts(parser)
    add_log(parser, "log to Weights & Biases from now on (wandb), or no longer (none)")
    add_import(parser)
    add_json(parser, "what `engrax show` says of the run at its end")
    return parser
