"""`engrax evaluate`: plays fresh episodes with a trained agent."""

from collections.abc import Mapping, Sequence
from typing import Any

from engrax.agents import AGENTS
from engrax.cli.arguments import Parser, add_directory, add_json, integer
from engrax.cli.experiment import describe_task, experiment_of, load_trained, task_with
from engrax.cli.output import print_json
from engrax.cli.settings import split_settings
from engrax.errors import UserError
from engrax.evaluation.play import play
from engrax.evaluation.statistics import Mean, mean_ci95, span
from engrax.experiments.codec import show
from engrax.experiments.tasks import Task, levels_of
from engrax.runs.directory import RunDirectory

_EXAMPLES = """\
  engrax evaluate runs/hcam --episodes 500 --seed 1
  engrax evaluate results/hcam-ballet-demo --episodes 500 --seed 1 --greedy --json
  engrax evaluate runs/hcam --task.dance_delay 48      # on a level that it was not trained on
"""


def run(words: Sequence[str]) -> int:
    """Runs the command; see `engrax evaluate --help`."""
    parser = Parser(
        "evaluate", "Play fresh episodes with a trained agent; actions are sampled as in training.", _EXAMPLES
    )
    add_directory(parser, "a run directory, or a published result")
    parser.add_argument("--episodes", metavar="N", type=integer(1, 10**7), default=500, help="how many (500)")
    parser.add_argument("--seed", metavar="S", type=integer(0, 2**32 - 1), default=0, help="which episodes (0)")
    parser.add_argument("--greedy", action="store_true", help="take the likeliest action instead of sampling")
    add_json(parser, "the result")
    parser.usage = "engrax evaluate DIR [--episodes N] [--seed S] [--greedy] [--task.SETTING VALUE ...] [--json]"
    own, settings = split_settings(words, reserved=("--episodes", "--seed", "--greedy", "--json", "--help"))
    arguments = parser.read(own)
    directory = RunDirectory.open(arguments.directory)
    experiment = experiment_of(directory)
    levels = {"": task_with(experiment, of_task(settings))} if settings else levels_of(experiment.task)
    results = {
        name: evaluate(directory, arguments.episodes, arguments.seed, arguments.greedy, task)
        for name, task in levels.items()
    }
    whole = next(iter(results.values())) if len(results) == 1 else {"levels": results}
    if arguments.json:
        print_json(whole)
    else:
        print("\n".join((f"{name}: " if len(results) > 1 else "") + in_words(one) for name, one in results.items()))
    return 0


def of_task(settings: Mapping[str, str]) -> dict[str, str]:
    """Settings without the `task.` that they begin with; raises `UserError` for any others."""
    if strange := [name for name in settings if not name.startswith("task.")]:
        raise UserError(
            f"unknown argument {show('--' + strange[0])}: of settings, only those of the task can be changed"
        )
    return {name.removeprefix("task."): value for name, value in settings.items()}


def evaluate(
    directory: RunDirectory, episodes: int, seed: int, greedy: bool = False, task: Task | None = None
) -> dict[str, Any]:
    """Plays episodes with the agent of a run.

    Args:
        directory: a run or a published result.
        episodes: how many.
        seed: which ones.
        greedy: whether to take the likeliest action instead of sampling.
        task: what to play; what it was trained on if not given.

    Returns:
        The result as plain JSON; intervals are at 95 %, null where the sample says nothing of them.

    Raises:
        RunError: there are no weights yet.
        CheckpointError: the weights are damaged, or of another agent.
        ConfigError: the config does not fit.
    """
    experiment, environment, agent, updates, steps = load_trained(directory, task)
    played = play(agent, environment, episodes=episodes, seed=seed, greedy=greedy)
    success = None if played.successes is None else mean_ci95(played.successes)
    return {
        "episodes": episodes,
        **_named("mean_return", "return_ci95", mean_ci95(played.returns)),
        **_named("success_rate", "success_ci95", success),
        "mean_length": float(played.lengths.mean()),
        "chance": environment.chance,
        "seed": seed,
        "greedy": greedy,
        "environment": describe_task(task or experiment.task, environment),
        "agent": next(name for name, kind in AGENTS.items() if kind is type(agent)),
        "memory": experiment.memory.kind,
        "updates": updates,
        "environment_steps": steps,
    }


def in_words(result: dict[str, Any]) -> str:
    """A result for people."""
    chance = "" if result["chance"] is None else f"; chance {result['chance']:.3g}"
    mean = _interval(result["mean_return"], result["return_ci95"])
    lines = [
        f"{result['agent']} with memory {result['memory']} on {result['environment']['id']}, "
        f"after {result['environment_steps']:,} steps of training",
        f"mean return {mean} over {result['episodes']} episodes{chance}",
    ]
    if result["success_rate"] is not None:
        lines.append(f"success {_interval(result['success_rate'], result['success_ci95'])}")
    return "\n".join(lines)


def _named(value: str, interval: str, mean: Mean | None) -> dict[str, Any]:
    if mean is None:
        return {value: None, interval: None}
    return {value: mean.value, interval: None if mean.ci95 is None else list(mean.ci95)}


def _interval(value: float, interval: list[float] | None) -> str:
    return f"{value:.3f}" if interval is None else f"{value:.3f} (95 % sure: {span(interval)})"
