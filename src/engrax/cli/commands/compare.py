"""`engrax compare`: trains presets with several seeds, plays the same episodes with all,
reports.
"""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from engrax.cli.arguments import (
    Parser,
    add_budget,
    add_import,
    add_seed,
    check_budget,
    integer,
)
from engrax.cli.output import last_word, say, warn

if TYPE_CHECKING:
    from engrax.runs.comparing import Planned, Progressed
    from engrax.runs.scoreboard import Agent

_EXAMPLES = """\
  engrax compare hcam-ballet-demo lstm-ballet-demo --out runs/ballet
  engrax compare lstm-memory-game-3-pairs gtrxl-memory-game-3-pairs --seeds 5 --out runs/game
  engrax compare hcam-ballet-laptop lstm-ballet-laptop --also dance_delay=48 --out runs/delay

Given again, it goes on where it was stopped; given twice at once with the same --out, two processes
share the work. --also names levels that the agents are not trained on.
"""


def run(words: Sequence[str]) -> int:
    """Runs the command; see `engrax compare --help`."""
    arguments, settings = _parser().read_settings(words)
    check_budget(arguments)
    from engrax.runs.comparing import Asked, levels_played, play_all

    runs = _plan(arguments, settings)
    for one in runs[: len(arguments.presets)]:  # what cannot be played is said before any training
        levels_played(one.experiment, arguments.also)
    progress = _train(runs)
    if progress.stopped:
        last_word("stopped, all is saved; the same command goes on")
        return 130
    say(f"playing {arguments.episodes} fresh episodes with each of {len(progress.done)} agents")
    asked = Asked(arguments.episodes, arguments.seed)
    _report(play_all(progress.done, asked, arguments.also), arguments.out)
    for one in progress.elsewhere:
        warn(f"{one.path} is being trained by another process: give the command again later")
    return 0


def _plan(arguments: argparse.Namespace, settings: Mapping[str, str]) -> "list[Planned]":
    from engrax.runs.building import updates_of
    from engrax.runs.comparing import plan

    steps, updates = arguments.steps, arguments.updates
    length = lambda one: updates if steps is None else updates_of(one, steps)  # noqa: E731
    presets, seeds = arguments.presets, arguments.seeds
    return plan(presets, arguments.out, seeds=seeds, settings=settings, length=length)


def _train(runs: "Sequence[Planned]") -> "Progressed":
    from engrax.cli.reporting import train_shown
    from engrax.runs.comparing import train_all

    def run_job(one, job):
        say(f"{runs.index(one) + 1}/{len(runs)}: {one.preset}, seed {one.seed}")
        return train_shown(job)

    return train_all(runs, run_job, warn)


def _report(agents: "Sequence[Agent]", out: Path) -> None:
    from engrax.cli.tables import print_scores
    from engrax.runs.scoreboard import write_report

    page = write_report(agents, out)
    print_scores(agents)
    print(f"report: {page}")


def _parser() -> Parser:
    what = "Train presets with several seeds, and play the same fresh episodes with all agents."
    parser = Parser("compare", what, _EXAMPLES)
    parser.usage = (
        "engrax compare PRESET ... --out DIR [--seeds N] [--updates N | --steps N] [--episodes N] "
        "[--seed S] [--also SETTING=VALUE[,...] ...] [--any.setting VALUE ...]"
    )
    presets, out = "of those that `engrax list` shows", "for all runs and the report"
    parser.add_argument("presets", metavar="PRESET", nargs="+", help=presets)
    parser.add_argument("--out", metavar="DIR", type=Path, required=True, help=out)
    seeds, episodes = integer(1, 1000), integer(2, 10**7)
    text = "runs of each preset (3)"
    parser.add_argument("--seeds", metavar="N", type=seeds, default=3, help=text)
    add_budget(parser, "of each run; ramps become as much shorter or longer")
    text = "to play (1000)"
    parser.add_argument("--episodes", metavar="N", type=episodes, default=1000, help=text)
    add_seed(parser, 1)
    also = "levels to play besides: settings of the task"
    parser.add_argument("--also", metavar="LEVEL", nargs="+", default=[], help=also)
    add_import(parser)
    return parser
