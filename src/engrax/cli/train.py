"""`engrax train`: a new run, from a preset and any settings of one's own."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.table import Table

from engrax.cli import show, training
from engrax.cli.arguments import Parser, add_json
from engrax.cli.display import make_display
from engrax.cli.experiment import build_trainer, find_preset
from engrax.cli.output import print_json, say, warn
from engrax.cli.settings import list_settings, override, split_settings
from engrax.experiments.codec import encode
from engrax.experiments.config import Experiment
from engrax.experiments.presets import PRESETS
from engrax.runs.directory import RunDirectory
from engrax.runs.naming import new_path
from engrax.runs.warm_start import Learnt, learnt
from engrax.runtime import Trainer, TrainState

_EXAMPLES = """\
  engrax train debug
  engrax train hcam-ballet-laptop --out runs/hcam --seed 1
  engrax train hcam-ballet-laptop --memory.width 128 --updates 2000
  engrax train hcam-ballet-laptop --memory lstm --memory.width 256
  engrax train hcam-ballet-laptop --from results/hcam-ballet-demo --out runs/further
  engrax train hcam-ballet-laptop --help     # every setting and its value
"""


def run(words: Sequence[str]) -> int:
    """Runs the command; see `engrax train --help`."""
    own, settings = split_settings(words, reserved=("--out", "--from", "--json", "--help"))
    if {"-h", "--help"} & set(own):
        return _help(own)
    arguments = _parser().read(own)
    experiment = override(find_preset(arguments.preset), settings)
    trainer, shapes = build_trainer(experiment)
    before = None if arguments.source is None else learnt(RunDirectory.open(arguments.source), shapes, warn)
    path = arguments.out or new_path(arguments.preset)
    directory = RunDirectory.create(
        path,
        experiment,
        preset=arguments.preset,
        command=["engrax", "train", *words],
        origin=None if before is None else before.origin,
    )
    with directory.exclusive():
        state = trainer.init() if before is None else warm(trainer, before, directory)
        return train_and_report(trainer, state, directory, experiment, arguments.json)


def warm(trainer: Trainer, before: Learnt, directory: RunDirectory) -> TrainState:
    """A state that starts from what another run has learnt; saved at once, so that it can be resumed without that."""
    state = replace(trainer.init(), agent=before.agent)
    if before.optimiser is not None:
        state = replace(state, optimiser=before.optimiser)
    training.save(trainer, state, directory)
    say(f"starting from {before.origin['directory']} after {before.origin['updates']} updates")
    return state


def train_and_report(
    trainer: Trainer, state: TrainState, directory: RunDirectory, experiment: Experiment, as_json: bool
) -> int:
    """Trains to the experiment's end, and says how it went and what to do next.

    Args:
        trainer: of the experiment.
        state: where to go on from; it is donated.
        directory: of the run; this process holds it.
        experiment: says how far to go.
        as_json: whether to print what `engrax show --json` says, too.

    Returns:
        The exit status: 0, or 130 if Ctrl-C stopped it.

    Raises:
        RunFailedError: training broke off.
    """
    outcome = training.run(
        trainer,
        state,
        directory,
        until=experiment.updates,
        checkpoint_every=experiment.checkpoint_every,
        display=make_display(experiment.updates),
    )
    if outcome.interrupted:
        say(f"stopped at update {int(outcome.state.updates)}, all is saved; go on: engrax resume {directory.path}")
    else:
        say(f"trained {directory.path}; next: engrax evaluate {directory.path} --episodes 500 --seed 1")
    if as_json:
        print_json(show.summary(directory))
    return 130 if outcome.interrupted else 0


def _parser() -> Parser:
    parser = Parser("train", "Train an agent: a new run directory with metrics, checkpoints and weights.", _EXAMPLES)
    parser.usage = "engrax train PRESET [--any.setting VALUE ...] [--from DIR] [--out DIR] [--json]"
    parser.add_argument("preset", metavar="PRESET", help=f"one of: {', '.join(PRESETS)}")
    parser.add_argument("--out", metavar="DIR", type=Path, help="the run directory; runs/PRESET-TIME if not given")
    parser.add_argument(
        "--from",
        dest="source",
        metavar="DIR",
        type=Path,
        help="start from the parameters, and the optimiser if kept, of another run or a published result",
    )
    add_json(parser, "what `engrax show` says of the run at its end")
    return parser


def _help(own: Sequence[str]) -> int:
    _parser().print_help()
    for preset in (word for word in own if not word.startswith("-")):
        print(f"settings of {preset}, as they are, what they take, and what they mean:")
        Console(highlight=False, markup=False).print(_settings_table(find_preset(preset)))
        break
    return 0


def _settings_table(experiment: Experiment) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(max_width=44, overflow="fold")
    table.add_column(overflow="fold")
    for setting in list_settings(type(experiment), encode(experiment)):
        table.add_row(f"  --{setting.path} {setting.value}", f"{setting.metavar}: {setting.doc}")
    return table
