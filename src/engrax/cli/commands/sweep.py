"""`engrax sweep`: trains a preset with many values of some settings, and lists the best first."""

from collections.abc import Sequence

from engrax.cli.arguments import Parser, check_budget, integer
from engrax.cli.contests import add_contest, hold, planned

_EXAMPLES = """\
  engrax sweep debug --over memory.width=8,16,32 --over learner.learning_rate=1e-3,3e-3 \\
      --out runs/widths
  engrax sweep hcam-ballet-demo --over learner.learning_rate=1e-4..1e-2 --random 8 --out runs/rates

Given again, it goes on where it was stopped; given twice at once with the same --out, two processes
share the work.
"""


def run(words: Sequence[str]) -> int:
    """Runs the command; see `engrax sweep --help`."""
    arguments, settings = _parser().read_settings(words)
    check_budget(arguments)
    from engrax.runs.entrants import drawn, grid
    from engrax.runs.scoreboard import best_first

    preset, over = arguments.preset, arguments.over
    agents = (
        grid(preset, over)
        if arguments.random is None
        else drawn(preset, over, arguments.random, arguments.seed)
    )
    return hold(arguments, planned(arguments, agents, settings), best_first)


def _parser() -> Parser:
    what = "Train a preset with many values of some settings, and list the best first."
    parser = Parser("sweep", what, _EXAMPLES)
    parser.usage = (
        "engrax sweep PRESET --over SETTING=VALUE[,...] ... --out DIR [--random N] [--seeds N] "
        "[--updates N | --steps N] [--episodes N] [--seed S] [--also ...] [--together | --ray] "
        "[--any.setting VALUE ...]"
    )
    preset = "a preset; with settings of its own, in quotes"
    parser.add_argument("preset", metavar="PRESET", help=preset)
    over = "values of a setting, or with --random a range LOW..HIGH; may be given again"
    parser.repeatable.add("--over")
    parser.add_argument(
        "--over", metavar="SETTING=VALUES", nargs="+", action="extend", required=True, help=over
    )
    random = "draw so many combinations, instead of training all of them"
    parser.add_argument("--random", metavar="N", type=integer(1, 10**4), help=random)
    add_contest(parser, seeds=1)
    return parser
