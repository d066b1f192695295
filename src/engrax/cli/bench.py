"""`engrax bench`: how fast a preset trains here, and where the time goes."""

from collections.abc import Sequence
from typing import Any

import jax
from rich.console import Console
from rich.progress import Progress

from engrax.cli.arguments import Parser, add_json, integer
from engrax.cli.experiment import build_trainer, find_preset
from engrax.cli.output import print_json, print_table
from engrax.cli.settings import override, split_settings
from engrax.experiments.config import Experiment
from engrax.experiments.presets import PRESETS
from engrax.measuring.speed import Speed, measure

_EXAMPLES = """\
  engrax bench hcam-ballet-laptop
  engrax bench hcam-ballet-laptop --memory.num_chunks 4 --whole_episodes true --segment_length 48
  engrax bench hcam-ballet-laptop --memory lstm --json
"""


def run(words: Sequence[str]) -> int:
    """Runs the command; see `engrax bench --help`."""
    own, settings = split_settings(words, reserved=("--rounds", "--json", "--help"))
    arguments = _parser().read(own)
    experiment = override(find_preset(arguments.preset), settings)
    speed = bench(experiment, arguments.rounds)
    result = report(arguments.preset, experiment, speed)
    if arguments.json:
        print_json(result)
    else:
        print_table(_in_words(speed, result))
    return 0


def bench(experiment: Experiment, rounds: int) -> Speed:
    """Measures an experiment's trainer, with progress on stderr; raises `ConfigError` where it cannot be built."""
    trainer, _ = build_trainer(experiment)
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("compiling, then measuring", total=rounds)
        speeds = []
        for speed in measure(trainer, rounds):
            speeds.append(speed)
            progress.advance(task)
    return speeds[-1]


def report(preset: str, experiment: Experiment, speed: Speed) -> dict[str, Any]:
    """What was measured as plain JSON."""
    return {
        "preset": preset,
        "task": experiment.task.kind,
        "memory": experiment.memory.kind,
        "learner": experiment.learner.kind,
        "streams": experiment.streams,
        "segment_length": experiment.segment_length,
        "steps_per_second": round(speed.steps_per_second, 1),
        "environment_share": round(speed.environment, 4),
        "acting_share": round(speed.acting, 4),
        "learning_share": round(speed.learning, 4),
        "flops_per_step": speed.flops_per_step,
        "model_flops_per_second": round(speed.steps_per_second * speed.flops_per_step),
        "product_flops_per_second": round(speed.product_flops),
        "utilisation": round(speed.utilisation, 4),
        "device": jax.devices()[0].device_kind,
    }


def _in_words(speed: Speed, result: dict[str, Any]) -> dict[str, object]:
    micro = 1e6 / speed.steps_per_second
    parts = {"environment": speed.environment, "acting": speed.acting, "learning": speed.learning}
    return {
        "preset": f"{result['preset']}: {result['memory']} on {result['task']}, learner {result['learner']}",
        "steps a second": f"{speed.steps_per_second:,.0f}, learner included ({micro:,.1f} microseconds each)",
        **{f"  {name}": f"{share:.0%} ({share * micro:,.1f} microseconds)" for name, share in parts.items()},
        "FLOPs a step": f"{speed.flops_per_step:,}, by definition",
        "model's rate": f"{speed.steps_per_second * speed.flops_per_step / 1e9:,.1f} GFLOP/s",
        "matrix product": f"{speed.product_flops / 1e9:,.1f} GFLOP/s, float32, measured in between",
        "utilisation": f"{speed.utilisation:.1%}, the quotient of the two",
        "device": result["device"],
    }


def _parser() -> Parser:
    parser = Parser("bench", "Measure how fast a preset trains on this machine, and where the time goes.", _EXAMPLES)
    parser.usage = "engrax bench PRESET [--any.setting VALUE ...] [--rounds N] [--json]"
    parser.add_argument("preset", metavar="PRESET", help=f"one of: {', '.join(PRESETS)}")
    parser.add_argument(
        "--rounds", metavar="N", type=integer(1, 10_000), default=8, help="measurements, of which the best counts (8)"
    )
    add_json(parser, "what was measured")
    return parser
