"""`engrax evaluate`: plays fresh episodes with a trained agent."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

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

_EXAMPLES = """\
  engrax evaluate runs/hcam --episodes 500 --seed 1
  engrax evaluate results/hcam-ballet-demo --episodes 500 --seed 1 --greedy --json
  engrax evaluate runs/hcam --task.dance_delay 48      # on a level that it was not trained on
"""


def run(words: Sequence[str]) -> int:
    """Runs the command; see `engrax evaluate --help`."""
    arguments, settings = _parser().read_settings(words)
    from engrax.runs.entries import evaluation_entry
    from engrax.runs.evaluating import evaluate_levels

    found = evaluate_levels(
        arguments.directory,
        arguments.episodes,
        arguments.seed,
        arguments.greedy,
        of_task(settings),
    )
    results = {name: evaluation_entry(evaluation) for name, evaluation in found.items()}
    if arguments.json:
        one, *others = results.values()
        print_json({"levels": results} if others else one)
    else:
        for name, result in results.items():
            print((f"{name}: " if len(results) > 1 else "") + in_words(result))
    return 0


def in_words(result: Mapping[str, Any]) -> str:
    """A result for people."""
    chance = "" if result["chance"] is None else f"; chance {result['chance']:.3g}"
    mean = _interval(result["mean_return"], result["return_ci95"])
    lines = [
        f"{result['agent']} with memory {result['memory']} on {_level(result['environment'])}, "
        f"after {result['environment_steps']:,} steps of training",
        f"mean return {mean} over {result['episodes']} episodes",
    ]
    if result["success_rate"] is not None:
        lines.append(f"success {_interval(result['success_rate'], result['success_ci95'])}")
    lines[-1] += chance
    if result["repetitions"]:
        lines.append(_by_repetition(result["repetitions"]))
    return "\n".join(lines)


def _by_repetition(found: Mapping[str, Any]) -> str:
    """Means by repetition; of later ones too few episodes say anything."""
    means = ", ".join(f"{one['mean']:.3g}" for one in found["means"])
    return f"mean {found['value']} by {found['by']}: {means or 'too few episodes have one'}"


def _level(environment: Mapping[str, Any]) -> str:
    """A task, with those of its settings that are not its defaults."""
    from engrax.envs import TASKS
    from engrax.experiments.settings import as_typed

    name = environment["id"]
    usual = {field.name: field.default for field in fields(TASKS[name])} if name in TASKS else {}
    changed = [
        f"{key} {as_typed(environment[key])}"
        for key, value in usual.items()
        if key in environment and as_typed(environment[key]) != as_typed(value)
    ]
    return f"{name} ({', '.join(changed)})" if changed else name


def _interval(value: float, interval: Sequence[float] | None) -> str:
    from engrax.evaluation.statistics import span

    return f"{value:.3f}" if interval is None else f"{value:.3f} (95 % interval {span(interval)})"


def _parser() -> Parser:
    what = "Play fresh episodes with a trained agent; actions are sampled as in training."
    parser = Parser("evaluate", what, _EXAMPLES)
    parser.usage = (
        "engrax evaluate DIR [--episodes N] [--seed S] [--greedy] [--task.SETTING VALUE ...] "
        "[--import PACKAGE] [--json]"
    )
    add_directory(parser)
    episodes = integer(1, 10**7)
    parser.add_argument("--episodes", metavar="N", type=episodes, default=500, help="(500)")
    add_seed(parser, 0)
    greedy = "take the likeliest action instead of sampling"
    parser.add_argument("--greedy", action="store_true", help=greedy)
    add_import(parser)
    add_json(parser, "the result")
    return parser
