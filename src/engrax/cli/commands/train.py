"""`engrax train`: a new run, from a preset and any settings of one's own."""

import argparse
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from engrax.cli.arguments import (
    Parser,
    add_hosts,
    add_import,
    add_json,
    add_log,
    add_preset,
    add_ray_address,
    count,
    integer,
    join_hosts,
)
from engrax.cli.on_ray import check_on_ray, train_on_ray_and_report
from engrax.cli.output import say, warn
from engrax.cli.retrying import supervised, without
from engrax.errors import UsageError

if TYPE_CHECKING:
    from engrax.experiments.config import Experiment

_EXAMPLES = """\
  engrax train debug
  engrax train hcam-ballet-laptop --out runs/hcam --seed 1
  engrax train hcam-ballet-laptop --memory.width 128 --steps 2e6
  engrax train hcam-ballet-laptop --memory lstm --memory.width 256
  engrax train hcam-ballet-laptop --from results/hcam-ballet-demo --out runs/further
  engrax train gymnasium:MiniGrid-MemoryS7-v0 --actors 4 --out runs/maze
  engrax train hcam-ballet-paper --coordinator node-1:9000 --hosts 4 --host 0 --out /shared/run
  engrax train hcam-ballet-paper --coordinator ray --hosts 4 --gpus 1 --out /shared/run
  engrax train hcam-ballet-paper --retries 3 --out runs/paper
  WANDB_MODE=offline engrax train hcam-ballet-laptop --log wandb
  engrax train hcam-ballet-laptop --help     # every setting and its value
  engrax train hcam-ballet-laptop --memory lstm --help
"""


def run(words: Sequence[str]) -> int:
    """Runs the command; see `engrax train --help`."""
    if {"-h", "--help"} & set(words):
        return _help([word for word in words if word not in ("-h", "--help")])
    arguments, settings = _parser().read_settings(words)
    if check_on_ray(arguments):
        return _on_ray(arguments, words, _experiment(arguments, settings))
    hosts = join_hosts(arguments)
    if arguments.retries:
        if arguments.out is None:
            raise UsageError("--retries goes on with a run: say which by --out")
        once = ["train", *without(words, "--retries")]
        return supervised(once, arguments.out, hosts, arguments.retries)
    from engrax.cli.reporting import train_and_report
    from engrax.runs.hosts import is_first
    from engrax.runs.training import new_run

    experiment = _experiment(arguments, settings)
    with new_run(
        experiment,
        arguments.out,
        preset=arguments.preset,
        command=["engrax", "train", *words],
        source=arguments.source,
        log=arguments.log,
        warn=warn,
        ray_address=arguments.ray_address,
    ) as job:
        for note in job.notes:
            say(note)
        if is_first() and (origin := job.directory.origin) is not None:
            say(f"starting from {origin['directory']} after {origin['updates']} updates")
        return train_and_report(job, arguments.json)


def _on_ray(arguments: argparse.Namespace, words: Sequence[str], experiment: "Experiment") -> int:
    from engrax.experiments.codec import encode
    from engrax.runs.naming import new_path
    from engrax.runs.ray_hosts import Training

    training = Training(
        arguments.out or new_path(arguments.preset),
        encode(experiment),
        arguments.preset,
        ["engrax", "train", *words],
        arguments.source,
        log=arguments.log,
    )
    return train_on_ray_and_report(training, experiment.updates, arguments)


def _experiment(arguments: argparse.Namespace, settings: Mapping[str, str]) -> "Experiment":
    from dataclasses import replace

    from engrax.runs.actors import with_impala
    from engrax.runs.building import experiment_named, updates_of

    experiment = experiment_named(arguments.preset, {**settings, **_actors(arguments)})
    if arguments.actors is not None and not any(map(_of_learner, settings)):
        say("actors act, and IMPALA learns")
        experiment = with_impala(experiment)
    if arguments.steps is None:
        return experiment
    if "updates" in settings:
        raise UsageError("--updates and --steps both say how long to train: give one of them")
    return replace(experiment, updates=updates_of(experiment, arguments.steps))


def _actors(arguments: argparse.Namespace) -> dict[str, str]:
    """The settings that `--actors` and `--min-actors` stand for."""
    given = {name: getattr(arguments, name) for name in ("actors", "min_actors")}
    return {f"placement.{name}": str(value) for name, value in given.items() if value is not None}


def _of_learner(setting: str) -> bool:
    return setting.split(".")[0] == "learner"


def _help(words: Sequence[str]) -> int:
    """Prints the help, and of a preset every setting, as the other words have changed them."""
    parser = _parser()
    settings = _settings_shown(parser, words)
    parser.print_help()
    if settings:
        print(settings)
    return 0


def _settings_shown(parser: Parser, words: Sequence[str]) -> str:
    try:
        arguments, settings = parser.read_settings(words)
    except UsageError:
        return ""  # there is no preset among the words
    from engrax.cli.settings_help import settings_help
    from engrax.experiments.settings import override
    from engrax.runs.building import find_preset

    experiment = override(find_preset(arguments.preset), settings)
    title = f"settings of {arguments.preset}: values, what they take, and what they mean:"
    return f"{title}\n{settings_help(experiment, shutil.get_terminal_size().columns)}"


def add_actors(parser: Parser) -> None:
    """Adds the arguments that have other processes act."""
    group = parser.add_argument_group("actors on a Ray cluster (needs engrax[ray])")
    many = integer(1, 10**6)
    text = "processes that act, where environments run in Python; IMPALA learns"
    group.add_argument("--actors", metavar="N", type=many, help=text)
    least = "training stops, all being saved, where fewer are left (1)"
    group.add_argument("--min-actors", metavar="N", type=many, help=least)
    add_ray_address(group)


def _parser() -> Parser:
    what = "Train an agent: a new run directory with metrics, checkpoints and weights."
    parser = Parser("train", what, _EXAMPLES)
    options = "[--steps N] [--from DIR] [--out DIR] [--actors N] [--log wandb] [--import PACKAGE]"
    parser.usage = f"engrax train PRESET [--any.setting VALUE ...] {options} [--json]"
    add_preset(parser)
    out = "the run directory; runs/PRESET-TIME if not given"
    parser.add_argument("--out", metavar="DIR", type=Path, help=out)
    source = "a run or published result to take parameters from, and the optimiser if it is kept"
    parser.add_argument("--from", dest="source", metavar="DIR", type=Path, help=source)
    steps = "environment steps in all, such as 2e6, instead of --updates; rounded up to an update"
    parser.add_argument("--steps", metavar="N", type=count(1, 10**18), help=steps)
    add_actors(parser)
    add_hosts(parser)
    add_log(parser, "log to Weights & Biases as well: wandb")
    add_import(parser)
    add_json(parser, "what `engrax show` says of the run at its end")
    return parser
