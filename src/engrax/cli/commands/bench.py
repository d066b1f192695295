"""`engrax bench`: how fast a preset trains here, and where the time goes."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from engrax.cli.arguments import Parser, add_import, add_json, add_preset, integer
from engrax.cli.output import print_json, print_table

if TYPE_CHECKING:
    from engrax.measuring.speed import Speed

_EXAMPLES = """\
  engrax bench hcam-ballet-laptop
  engrax bench hcam-ballet-laptop --memory.num_chunks 4 --whole_episodes true --segment_length 48
  engrax bench hcam-ballet-laptop --memory lstm --json
"""


def run(words: Sequence[str]) -> int:
    """Runs the command; see `engrax bench --help`."""
    arguments, settings = _parser().read_settings(words)
    from rich.console import Console
    from rich.progress import Progress

    from engrax.runs.benchmarking import benchmark
    from engrax.runs.building import experiment_named
    from engrax.runs.devices import settled
    from engrax.runs.entries import speed_entry

    experiment = settled(experiment_named(arguments.preset, settings))
    speeds = benchmark(experiment, arguments.rounds)
    with Progress(console=Console(stderr=True), transient=True) as progress:
        what = "compiling, then measuring"
        *_, speed = progress.track(speeds, total=arguments.rounds, description=what)
    result = speed_entry(arguments.preset, experiment, speed)
    if arguments.json:
        print_json(result)
    else:
        print_table(_in_words(speed, result))
    return 0


def _in_words(speed: "Speed", result: Mapping[str, Any]) -> dict[str, object]:
    rate, micro = speed.steps_per_second, 1e6 / speed.steps_per_second
    names, placement = ("environment", "acting", "learning"), result["placement"]
    tiles = placement["acting_tile"], placement["learning_tile"]
    shares = {name: getattr(speed, name) for name in names}
    parts = {
        f"  {name}": f"{share:.0%} ({share * micro:,.1f} microseconds)"
        for name, share in shares.items()
    }
    what = f"{result['memory']} on {result['task']}, learner {result['learner']}"
    rate_of = f"{speed.product_flops / 1e9:,.1f} GFLOP/s"
    product = f"{rate_of}, {placement['precision']}, measured in between"
    return {
        "preset": f"{result['preset']}: {what}",
        "steps a second": f"{rate:,.0f}, learner included ({micro:,.1f} microseconds each)",
        **parts,
        "FLOPs a step": f"{speed.flops_per_step:,}, by definition",
        "model's rate": f"{rate * speed.flops_per_step / 1e9:,.1f} GFLOP/s",
        "matrix product": product,
        "utilisation": f"{speed.utilisation:.1%}, the quotient of the two",
        "devices": f"{placement['devices']} ({result['device']})",
        "streams at once": f"{tiles[0]} acting, {tiles[1]} learning, on each device",
    }


def _parser() -> Parser:
    what = "Measure how fast a preset trains on this machine, and where the time goes."
    parser = Parser("bench", what, _EXAMPLES)
    parser.usage = (
        "engrax bench PRESET [--any.setting VALUE ...] [--rounds N] [--import PACKAGE] [--json]"
    )
    add_preset(parser)
    rounds, text = integer(1, 10_000), "measurements, of which the best counts (8)"
    parser.add_argument("--rounds", metavar="N", type=rounds, default=8, help=text)
    add_import(parser)
    add_json(parser, "what was measured")
    return parser
