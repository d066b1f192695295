"""What `engrax compare` and `engrax sweep` share: training, playing and reporting many runs."""

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING

from engrax.cli.arguments import (
    Parser,
    add_budget,
    add_import,
    add_part_of_cluster,
    add_ray_address,
    add_seed,
    integer,
)
from engrax.cli.output import last_word, say, warn
from engrax.errors import UsageError

if TYPE_CHECKING:
    from engrax.runs.cluster import Cluster
    from engrax.runs.comparing import Asked, Planned, Progressed
    from engrax.runs.scoreboard import Agent


def add_contest(parser: Parser, seeds: int) -> None:
    """Adds the arguments that both commands have."""
    out = "for all runs and the report"
    parser.add_argument("--out", metavar="DIR", type=Path, required=True, help=out)
    text = f"runs of each ({seeds})"
    parser.add_argument("--seeds", metavar="N", type=integer(1, 1000), default=seeds, help=text)
    add_budget(parser, "of each run; ramps become as much shorter or longer")
    episodes = integer(2, 10**7)
    parser.add_argument(
        "--episodes", metavar="N", type=episodes, default=1000, help="to play (1000)"
    )
    add_seed(parser, 1)
    also = "levels to play besides: settings of the task"
    parser.add_argument("--also", metavar="LEVEL", nargs="+", default=[], help=also)
    add_many(parser)
    add_import(parser)


def add_many(parser: Parser) -> None:
    """Adds the arguments that say how many runs are trained at once, and where."""
    group = parser.add_argument_group("many runs at once (all but --together need engrax[ray])")
    one_program = "train all seeds of an agent in one program, which an accelerator does faster"
    group.add_argument("--together", action="store_true", help=one_program)
    on_ray = "train the runs side by side, on a Ray cluster; without an address, of this machine"
    group.add_argument("--ray", action="store_true", help=on_ray)
    add_ray_address(group, "; includes --ray")
    add_part_of_cluster(group, "of each run")
    retries = integer(0, 10**4)
    again = "how often a run goes on after its process has died (3)"
    group.add_argument("--retries", metavar="N", type=retries, help=again)


def cluster_of(arguments: argparse.Namespace) -> "Cluster | None":
    """The cluster that the runs are to be trained on, if any.

    Raises:
        UsageError: what a run may use there is given, and no cluster.
    """
    from engrax.runs.cluster import Cluster

    limits = {name: getattr(arguments, name) for name in ("cpus", "gpus", "retries")}
    given = {name: value for name, value in limits.items() if value is not None}
    on_ray = arguments.ray or arguments.ray_address is not None
    if on_ray and arguments.together:
        raise UsageError("--together and --ray are two ways to train many runs: choose one")
    if on_ray:
        return Cluster(arguments.ray_address, **given)
    if given:
        raise UsageError(f"--{min(given)} says what a run has on a cluster: give --ray with it")
    return None


def planned(
    arguments: argparse.Namespace, agents: Sequence[str], settings: Mapping[str, str]
) -> "list[Planned]":
    """All runs; what cannot be trained or played is said before any training."""
    from engrax.runs.building import updates_of
    from engrax.runs.comparing import levels_played, plan

    steps, updates = arguments.steps, arguments.updates
    length = lambda one: updates if steps is None else updates_of(one, steps)  # noqa: E731
    seeds = arguments.seeds
    runs = plan(agents, arguments.out, seeds=seeds, settings=settings, length=length)
    for one in runs[: len(agents)]:
        levels_played(one.experiment, arguments.also)
    return runs


def hold(
    arguments: argparse.Namespace,
    runs: "Sequence[Planned]",
    order: "Callable[[Sequence[Agent]], Sequence[Agent]]" = lambda agents: agents,
) -> int:
    """Trains what is left to train, plays with all agents, and writes and prints the report.

    Args:
        arguments: of the command.
        runs: of the comparison.
        order: of the agents in the report.
    """
    from engrax.runs.comparing import Asked, play_all

    asked, cluster = Asked(arguments.episodes, arguments.seed), cluster_of(arguments)
    if cluster is not None:
        progress = _spread(arguments, runs, asked, cluster)
    else:
        progress = _train_together(runs) if arguments.together else _train(runs)
    if progress.stopped:
        last_word("stopped, all is saved; the same command goes on")
        return 130
    if progress.done:
        say(f"playing {arguments.episodes} fresh episodes with each of {len(progress.done)} agents")
        _report(order(play_all(progress.done, asked, arguments.also)), arguments.out)
    for one in progress.elsewhere:
        warn(f"{one.path} is being trained by another process: give the command again later")
    for one in progress.failed:
        warn(f"{one.path} broke off and is not in the report: the same command tries it again")
    return 1 if progress.failed else 0


def _spread(
    arguments: argparse.Namespace, runs: "Sequence[Planned]", asked: "Asked", cluster: "Cluster"
) -> "Progressed":
    from engrax.cli.display import status
    from engrax.runs.spreading import spread

    say(f"{len(runs)} runs on a Ray cluster; each compiles first")
    with redirect_stdout(sys.stderr), status() as show:  # Ray prints of processes that died
        return spread(runs, arguments.out, asked, arguments.also, cluster, show, warn)


def _train(runs: "Sequence[Planned]") -> "Progressed":
    from engrax.cli.reporting import train_shown
    from engrax.runs.comparing import train_all

    def run_job(one, job):
        say(f"{runs.index(one) + 1}/{len(runs)}: {one.agent}, seed {one.seed}")
        return train_shown(job)

    return train_all(runs, run_job, warn)


def _train_together(runs: "Sequence[Planned]") -> "Progressed":
    from engrax.cli.display import make_display
    from engrax.runs.together import train_group, train_together

    def run_group(group, jobs):
        seeds = ", ".join(str(one.seed) for one in group)
        say(f"{group[0].agent}, seeds {seeds} together")
        with make_display(group[0].experiment.updates) as display:
            return train_group(jobs, display.show)

    return train_together(runs, run_group, warn)


def _report(agents: "Sequence[Agent]", out: Path) -> None:
    from engrax.cli.tables import print_scores
    from engrax.runs.scoreboard import write_report

    page = write_report(agents, out)
    print_scores(agents)
    print(f"report: {page}")
