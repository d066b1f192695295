"""`engrax replay`: shows what a trained agent sees, does and recalls."""

from collections.abc import Sequence
from pathlib import Path

from engrax.cli.arguments import (
    Parser,
    add_directory,
    add_import,
    add_seed,
    integer,
)

_EXAMPLES = """\
  engrax replay runs/hcam --out replay.gif                # one episode
  engrax replay runs/hcam --episodes 5 --seed 3 --greedy --fps 4 --out replay.mp4
  engrax replay runs/hcam --episodes 20 --out recall.png  # the step that recalls most sharply

On the left is what the agent sees at a step, and what it does; on the right what its memory
recalls: how much attention each step of the episode gets, and how the steps with the most of it
looked. The episodes are the first that `engrax evaluate` plays under the same seed. Steps on which
actions count, if not all do, are shown longer.
"""


def run(words: Sequence[str]) -> int:
    """Runs the command; see `engrax replay --help`."""
    arguments = _parser().read(words)
    from engrax.cli.display import status
    from engrax.runs.building import load_trained
    from engrax.runs.replaying import Replay, check_out, replay

    out: Path = arguments.out
    wanted = Replay(out, arguments.episodes, arguments.seed, arguments.greedy, arguments.fps)
    check_out(out)
    trained = load_trained(arguments.directory)
    with status() as progress:
        what = replay(trained, wanted, progress)
    print(f"{out}: {what}, {out.stat().st_size / 1e6:.2f} MB")
    return 0


def _parser() -> Parser:
    what = "Watch a trained agent play, beside what it recalled at each step."
    parser = Parser("replay", what, _EXAMPLES)
    add_directory(parser)
    out, greedy = "a .gif or .mp4; a .png for one picture", "take the likeliest action"
    parser.add_argument("--out", metavar="FILE", type=Path, required=True, help=out)
    episodes, fps = integer(1, 1000), integer(1, 50)
    parser.add_argument("--episodes", metavar="N", type=episodes, default=1, help="how many (1)")
    add_seed(parser, 0)
    parser.add_argument("--greedy", action="store_true", help=f"{greedy} instead of sampling")
    parser.add_argument("--fps", metavar="F", type=fps, default=6, help="steps a second (6)")
    add_import(parser)
    return parser
