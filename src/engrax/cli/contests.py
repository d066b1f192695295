"""What `engrax compare` and `engrax sweep` share: training, playing and reporting many runs."""

import argparse
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from engrax.cli.arguments import Parser, add_budget, add_import, add_seed, integer
from engrax.cli.output import last_word, say, warn

if TYPE_CHECKING:
    from engrax.runs.comparing import Planned, Progressed
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
    add_import(parser)


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

    progress = _train(runs)
    if progress.stopped:
        last_word("stopped, all is saved; the same command goes on")
        return 130
    say(f"playing {arguments.episodes} fresh episodes with each of {len(progress.done)} agents")
    asked = Asked(arguments.episodes, arguments.seed)
    _report(order(play_all(progress.done, asked, arguments.also)), arguments.out)
    for one in progress.elsewhere:
        warn(f"{one.path} is being trained by another process: give the command again later")
    return 0


def _train(runs: "Sequence[Planned]") -> "Progressed":
    from engrax.cli.reporting import train_shown
    from engrax.runs.comparing import train_all

    def run_job(one, job):
        say(f"{runs.index(one) + 1}/{len(runs)}: {one.agent}, seed {one.seed}")
        return train_shown(job)

    return train_all(runs, run_job, warn)


def _report(agents: "Sequence[Agent]", out: Path) -> None:
    from engrax.cli.tables import print_scores
    from engrax.runs.scoreboard import write_report

    page = write_report(agents, out)
    print_scores(agents)
    print(f"report: {page}")
