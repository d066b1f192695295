"""`engrax probe`: what a linear read-out finds in an agent's memory of what the task has shown."""

import math
from collections.abc import Sequence

from engrax.cli.arguments import (
    Parser,
    add_directory,
    add_import,
    add_json,
    add_seed,
    integer,
    of_task,
)
from engrax.cli.output import print_json

_WHAT = """\
Find out what the task has shown so far from the agent's features, by a linear map that is fitted on
the side. In the Memory Game: which glyph each card has that was turned up so far."""
_EXAMPLES = """\
  engrax probe runs/merlin
  engrax probe results/merlin-memory-game-3-pairs --untrained --json
  engrax probe runs/mine --task.question ENTRY    # of a Gymnasium environment's `info`
"""


def run(words: Sequence[str]) -> int:
    """Runs the command; see `engrax probe --help`."""
    arguments, settings = _parser().read_settings(words)
    from engrax.runs.entries import probe_entry
    from engrax.runs.probing import probe

    result = probe(
        arguments.directory,
        arguments.streams,
        arguments.steps,
        arguments.seed,
        arguments.untrained,
        of_task(settings),
    )
    if arguments.json:
        print_json(probe_entry(result))
        return 0
    found = result.found
    unseen = "" if math.isnan(found.unseen) else f", of what was not {found.unseen:.3f}"
    print(
        f"of what was shown so far a linear read-out finds {found.accuracy:.3f}{unseen}; chance "
        f"{found.chance:.3f} ({found.steps:,} steps)"
    )
    return 0


def _parser() -> Parser:
    parser = Parser("probe", _WHAT, _EXAMPLES)
    parser.usage = (
        "engrax probe DIR [--streams N] [--steps T] [--seed S] [--untrained] "
        "[--task.SETTING VALUE ...] [--import PACKAGE] [--json]"
    )
    add_directory(parser)
    streams, steps = integer(2, 10**5), integer(1, 10**5)
    text = "played side by side (512)"
    parser.add_argument("--streams", metavar="N", type=streams, default=512, help=text)
    parser.add_argument("--steps", metavar="T", type=steps, default=48, help="of each stream (48)")
    add_seed(parser, 0)
    untrained = "the same agent with newly drawn parameters"
    parser.add_argument("--untrained", action="store_true", help=untrained)
    add_import(parser)
    add_json(parser, "the result")
    return parser
