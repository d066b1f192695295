"""`engrax compare`: trains agents with several seeds, plays the same episodes with all, reports."""

from collections.abc import Sequence

from engrax.cli.arguments import Parser, check_budget
from engrax.cli.contests import add_contest, hold, planned

_EXAMPLES = """\
  engrax compare hcam-ballet-demo lstm-ballet-demo --out runs/ballet
  engrax compare lstm-memory-game-3-pairs gtrxl-memory-game-3-pairs --seeds 5 --out runs/game
  engrax compare "debug --memory.width 8" "debug --memory.width 16" --out runs/width
  engrax compare results/hcam-ballet-levels runs/mine-0 runs/mine-1 --out runs/trained
  engrax compare hcam-ballet-laptop lstm-ballet-laptop --also dance_delay=48 --out runs/delay
  engrax compare hcam-ballet-laptop lstm-ballet-laptop --seeds 5 --together --out runs/five
  engrax compare hcam-ballet-laptop lstm-ballet-laptop --ray-address head:6379 --out /shared/ballet

Given again, it goes on where it was stopped; given twice at once with the same --out, two processes
share the work. --also names levels that the agents are not trained on.
"""


def run(words: Sequence[str]) -> int:
    """Runs the command; see `engrax compare --help`."""
    arguments, settings = _parser().read_settings(words)
    check_budget(arguments)
    return hold(arguments, planned(arguments, arguments.agents, settings))


def _parser() -> Parser:
    what = "Train agents with several seeds, and play the same fresh episodes with all of them."
    parser = Parser("compare", what, _EXAMPLES)
    parser.usage = (
        "engrax compare AGENT ... --out DIR [--seeds N] [--updates N | --steps N] [--episodes N] "
        "[--seed S] [--also SETTING=VALUE[,...] ...] [--together | --ray] [--any.setting VALUE ...]"
    )
    agents = (
        "a preset; a preset with settings of its own, in quotes; or the directory of a run that is "
        "trained already"
    )
    parser.add_argument("agents", metavar="AGENT", nargs="+", help=agents)
    add_contest(parser, seeds=3)
    return parser
