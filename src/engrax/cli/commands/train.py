"""`engrax train`: a new run, from a preset and any settings of one's own."""

import argparse
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from engrax.cli.arguments import Parser, add_import, add_json, add_preset, count, read_imports
from engrax.cli.output import say, warn
from engrax.errors import UsageError

if TYPE_CHECKING:
    from engrax.experiments.config import Experiment

_EXAMPLES = """\
  engrax train debug
  engrax train hcam-ballet-laptop --out runs/hcam --seed 1
  engrax train hcam-ballet-laptop --memory.width 128 --steps 2e6
  engrax train hcam-ballet-laptop --memory lstm --memory.width 256
  engrax train hcam-ballet-laptop --from results/hcam-ballet-demo --out runs/further
  engrax train hcam-ballet-laptop --help     # every setting and its value
"""


def run(words: Sequence[str]) -> int:
    """Runs the command; see `engrax train --help`."""
    if {"-h", "--help"} & set(words):
        return _help([word for word in words if not word.startswith("-")])
    arguments, settings = _parser().read_settings(words)
    imports = read_imports(arguments)
    from engrax.cli.reporting import train_and_report
    from engrax.runs.training import new_run

    experiment = _experiment(arguments, settings)
    with new_run(
        experiment,
        arguments.out,
        preset=arguments.preset,
        command=["engrax", "train", *words],
        source=arguments.source,
        imports=imports,
        warn=warn,
    ) as job:
        if (origin := job.directory.origin) is not None:
            say(f"starting from {origin['directory']} after {origin['updates']} updates")
        return train_and_report(job, arguments.json)


def _experiment(arguments: argparse.Namespace, settings: Mapping[str, str]) -> "Experiment":
    from dataclasses import replace

    from engrax.runs.building import experiment_named, updates_of

    experiment = experiment_named(arguments.preset, settings)
    if arguments.steps is None:
        return experiment
    if "updates" in settings:
        raise UsageError("--updates and --steps both say how long to train: give one of them")
    return replace(experiment, updates=updates_of(experiment, arguments.steps))


def _help(names: Sequence[str]) -> int:
    _parser().print_help()
    for name in names[:1]:
        from engrax.cli.settings_help import settings_help
        from engrax.runs.building import find_preset

        experiment = find_preset(name)
        print(f"settings of {name}: values, what they take, and what they mean:")
        print(settings_help(experiment, shutil.get_terminal_size().columns))
    return 0


def _parser() -> Parser:
    what = "Train an agent: a new run directory with metrics, checkpoints and weights."
    parser = Parser("train", what, _EXAMPLES)
    options = "[--steps N] [--from DIR] [--out DIR] [--import PACKAGE] [--json]"
    parser.usage = f"engrax train PRESET [--any.setting VALUE ...] {options}"
    add_preset(parser)
    out = "the run directory; runs/PRESET-TIME if not given"
    parser.add_argument("--out", metavar="DIR", type=Path, help=out)
    source = "a run or published result to take parameters from, and the optimiser if it is kept"
    parser.add_argument("--from", dest="source", metavar="DIR", type=Path, help=source)
    steps = "environment steps in all, such as 2e6, instead of --updates; rounded up to an update"
    parser.add_argument("--steps", metavar="N", type=count(1, 10**18), help=steps)
    add_import(parser)
    add_json(parser, "what `engrax show` says of the run at its end")
    return parser
