"""`engrax publish`: a run as a small folder that others can evaluate, replay and start from."""

from collections.abc import Sequence
from pathlib import Path

from engrax.cli.arguments import (
    Parser,
    add_directory,
    add_import,
    add_seed,
    integer,
)
from engrax.cli.output import say, warn

_EXAMPLES = """\
  engrax publish runs/hcam --out results/hcam-ballet-laptop
  engrax publish runs/hcam --out results/hcam-ballet-laptop --optimiser --note "The paper: ..."
"""


def run(words: Sequence[str]) -> int:
    """Runs the command; see `engrax publish --help`."""
    arguments = _parser().read(words)
    from engrax.runs.directory import RunDirectory
    from engrax.runs.publishing import again, check_vacant, publish

    source, out = RunDirectory.open(arguments.directory), arguments.out
    check_vacant(out)
    say(f"playing {arguments.episodes} fresh episodes")
    result = publish(
        source,
        out,
        episodes=arguments.episodes,
        seed=arguments.seed,
        optimiser=arguments.optimiser,
        notes=arguments.note,
        trained_on=arguments.machine,
        warn=warn,
    )
    say(f"published {out}; again on fresh episodes: {again(out, result)}")
    return 0


def _parser() -> Parser:
    what = "Make a small folder of a run, for others to evaluate and to start from."
    parser = Parser("publish", what, _EXAMPLES)
    add_directory(parser, "a run directory")
    episodes = integer(2, 10**7)
    text = "to evaluate on (1000)"
    parser.add_argument("--out", metavar="DIR", type=Path, required=True, help="the folder to make")
    parser.add_argument("--episodes", metavar="N", type=episodes, default=1000, help=text)
    add_seed(parser, 1, 2**32 - 2)
    optimiser = "add the optimiser, so that training can go on"
    parser.add_argument("--optimiser", action="store_true", help=optimiser)
    note = "lines for its README"
    parser.add_argument("--note", metavar="TEXT", nargs="+", default=[], help=note)
    where = "where it was trained, for its README; this machine if not given"
    parser.add_argument("--machine", metavar="TEXT", help=where)
    add_import(parser)
    return parser
