"""`engrax recall`: where a trained agent's attention goes, over many episodes."""

from collections.abc import Sequence

from engrax.cli.arguments import Parser, add_directory, add_import, add_json, add_seed, integer
from engrax.cli.output import print_json
from engrax.errors import UserError

_EXAMPLES = """\
  engrax recall results/hcam-ballet-levels
  engrax recall runs/hcam --episodes 1000 --seed 3 --json

For steps whose action counts: the share of the attention by the age of what is recalled, and by
what it showed. Beside it is the share that even attention to all that is remembered would give. In
Ballet, steps show the target's dance, another's dance, a pause or the choice. Elsewhere they are
the first step, steps with a reward, steps whose action counts, and others.
"""


def run(words: Sequence[str]) -> int:
    """Runs the command; see `engrax recall --help`."""
    arguments = _parser().read(words)
    from engrax.cli.display import status
    from engrax.cli.tables import print_recollection
    from engrax.runs.building import load_trained
    from engrax.runs.recalling import recall
    from engrax.viewing.inspection import recall_of

    trained = load_trained(arguments.directory)
    if not recall_of(trained.agent).readers:
        raise UserError(
            f"{arguments.directory} attends to nothing it remembers: `engrax view` shows how much "
            "its decisions depend on each past observation"
        )
    with status() as progress:
        found = recall(trained, arguments.episodes, arguments.seed, arguments.greedy, progress)
    if arguments.json:
        shares = {
            name: [share._asdict() for share in getattr(found, name)] for name in ("ages", "events")
        }
        print_json(found._asdict() | shares)
    else:
        print_recollection(found)
    return 0


def _parser() -> Parser:
    what = "Find out where a trained agent's attention goes: by age, and by what the steps showed."
    parser = Parser("recall", what, _EXAMPLES)
    add_directory(parser)
    episodes = integer(1, 10**6)
    parser.add_argument(
        "--episodes", metavar="N", type=episodes, default=200, help="how many (200)"
    )
    add_seed(parser, 1)
    greedy = "take the likeliest action instead of sampling"
    parser.add_argument("--greedy", action="store_true", help=greedy)
    add_json(parser, "the shares")
    add_import(parser)
    return parser
