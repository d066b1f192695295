"""`--coordinator ray`: a run that is trained by processes on a Ray cluster."""

import argparse
import sys
from contextlib import redirect_stdout
from typing import TYPE_CHECKING

from engrax.cli.output import last_word, say, warn
from engrax.errors import UsageError

if TYPE_CHECKING:
    from engrax.runs.ray_hosts import Training

WORD = "ray"


def check_on_ray(arguments: argparse.Namespace) -> bool:
    """Whether a command asks for processes on a Ray cluster.

    Raises:
        UsageError: it does, and does not say how many, or says more than it can.
    """
    if arguments.coordinator != WORD:
        return False
    if arguments.hosts is None:
        raise UsageError("--coordinator ray needs --hosts N")
    if arguments.host is not None:
        raise UsageError("--coordinator ray numbers its processes itself: leave out --host")
    return True


def train_on_ray_and_report(
    training: "Training", updates: int, arguments: argparse.Namespace
) -> int:
    """Trains a run on a cluster, and says what `engrax.cli.reporting.train_and_report` says.

    Args:
        training: what.
        updates: to stop after, for the progress.
        arguments: of the command.

    Returns:
        The exit status.
    """
    from engrax.cli.display import make_display
    from engrax.cli.reporting import report
    from engrax.runs.checkpoint_folder import update_of
    from engrax.runs.cluster import Cluster
    from engrax.runs.directory import RunDirectory
    from engrax.runs.ray_hosts import train_on_ray

    cluster = Cluster(
        arguments.ray_address, arguments.cpus or 1, arguments.gpus or 0.0, arguments.retries
    )
    say(f"{arguments.hosts} processes on a Ray cluster")
    with redirect_stdout(sys.stderr), make_display(updates) as display:
        interrupted = train_on_ray(training, arguments.hosts, cluster, display.show, warn)
    if interrupted and not (training.out / "config.json").exists():
        last_word("stopped before the run began: nothing was saved")
        return 130
    directory = RunDirectory.open(training.out)
    newest = directory.checkpoints()
    made = update_of(newest[0]) if newest else 0
    return report(directory, made, interrupted, arguments.json)
