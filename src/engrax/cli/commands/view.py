"""`engrax view`: a page that shows what a trained agent recalled, and whether it mattered."""

import webbrowser
from collections.abc import Sequence
from pathlib import Path

from engrax.cli.arguments import Parser, add_directory, add_import, add_seed, integer
from engrax.cli.output import warn

_EXAMPLES = """\
  engrax view results/hcam-ballet-levels                  # writes recall.html
  engrax view runs/hcam --episodes 20 --seed 3 --out ballet.html --open
  engrax view runs/hcam --against runs/lstm --out both.html
  engrax view runs/hcam --data episode.npz                # the arrays, for your own plots

The page is one file and needs no network. For every step it has the attention of each head to
every past step, how much the choice depends on each past observation (saliency), and how much it
changes where a part of memory is left out. The episodes are the first that `engrax evaluate` plays
under the same seed.
"""


def run(words: Sequence[str]) -> int:
    """Runs the command; see `engrax view --help`."""
    arguments = _parser().read(words)
    from engrax.cli.display import status
    from engrax.runs.building import load_trained
    from engrax.runs.pages import Player, Wanted, check_out, view

    out: Path = arguments.out
    wanted = Wanted(out, arguments.episodes, arguments.seed, arguments.greedy, arguments.data)
    check_out(wanted)
    shown = [arguments.directory, *([] if arguments.against is None else [arguments.against])]
    players = [Player(directory, load_trained(directory)) for directory in shown]
    with status() as progress:
        what = view(players, wanted, progress)
    print(f"{out}: {what}, {out.stat().st_size / 1e6:.2f} MB")
    if arguments.open and not webbrowser.open(out.resolve().as_uri()):
        warn(f"no browser can be started here: open {out} yourself")
    return 0


def _parser() -> Parser:
    what = (
        "Make a page that shows what a trained agent recalled at each step, and what it is worth."
    )
    parser = Parser("view", what, _EXAMPLES)
    add_directory(parser)
    against = "another agent, on the same episodes of the first one's task, side by side"
    parser.add_argument("--against", metavar="DIR", type=Path, help=against)
    out = "the page (recall.html)"
    parser.add_argument("--out", metavar="FILE", type=Path, default=Path("recall.html"), help=out)
    episodes = integer(1, 1000)
    parser.add_argument("--episodes", metavar="N", type=episodes, default=5, help="how many (5)")
    add_seed(parser, 0)
    greedy = "take the likeliest action instead of sampling"
    parser.add_argument("--greedy", action="store_true", help=greedy)
    data = "an .npz file for the arrays of the first agent's first episode"
    parser.add_argument("--data", metavar="FILE", type=Path, help=data)
    parser.add_argument("--open", action="store_true", help="open the page in a browser")
    add_import(parser)
    return parser
