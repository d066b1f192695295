"""`engrax demo`: HCAM on Ballet beside an agent without memory, then MERLIN on the Memory Game."""

import argparse
import math
from collections.abc import Sequence
from pathlib import Path

from engrax.cli.arguments import Parser, integer
from engrax.cli.output import last_word

_WHAT = (
    "Train an HCAM agent on Ballet and see what its memory is worth; then MERLIN on the Memory "
    "Game."
)
_EXAMPLES = """\
  engrax demo
  engrax demo --minutes 3 --out runs/quick
"""


def run(words: Sequence[str]) -> int:
    """Runs the command; see `engrax demo --help`."""
    arguments = _parser().read(words)
    from engrax.cli.acts import Stopped, cards, dancers
    from engrax.cli.reporting import stopped
    from engrax.runs.naming import new_path

    out = arguments.out or new_path("demo")
    try:
        dancers(out, arguments.minutes, arguments.episodes)
        cards(out, arguments.merlin_minutes, arguments.episodes)
    except Stopped as stop:
        last_word(stopped(stop.outcome.directory.path, stop.outcome.updates))
        return 130
    return 0


def _minutes(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value <= 1e4:
        raise argparse.ArgumentTypeError(f"expected minutes, more than 0, got {text[:40]!r}")
    return value


def _parser() -> Parser:
    parser = Parser("demo", _WHAT, _EXAMPLES)
    text = "HCAM's training at most (8)"
    parser.add_argument("--minutes", metavar="M", type=_minutes, default=8.0, help=text)
    text = "MERLIN's training at most (4)"
    parser.add_argument("--merlin-minutes", metavar="M", type=_minutes, default=4.0, help=text)
    text = "to evaluate on (1000)"
    parser.add_argument("--episodes", metavar="N", type=integer(2, 10**6), default=1000, help=text)
    text = "where to keep it all; runs/demo-TIME if not given"
    parser.add_argument("--out", metavar="DIR", type=Path, help=text)
    return parser
