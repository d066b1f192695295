"""MERLIN's seven tasks: how well MERLIN and other agents do, as shares of perfect play.

    python benchmarks/merlin_tasks.py --results results runs --out benchmarks/results/merlin-tasks

Evaluates a published result or a run of each agent on each task, the folder `AGENT-TASK`, on fresh
episodes, and draws one figure: the share of what a player with perfect memory has, with a 95 %
interval over episodes, beside a player without memory. An agent without a folder for a task is left
out, and named. What is done is kept: the command may be stopped and given again.
"""

import argparse
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from engrax.errors import RunError
from engrax.runs.evaluating import evaluate_levels

AGENTS = {"merlin": "MERLIN", "lstm": "RL-LSTM", "rl-mem": "RL-MEM", "hcam": "HCAM"}
COLOURS = dict(zip(AGENTS, ("#0072B2", "#D55E00", "#009E73", "#CC79A7"), strict=True))


@dataclass(frozen=True)
class Played:
    """A task as the results have it.

    Attributes:
        title: under its bars.
        perfect: the score of a player with perfect memory.
        none: that of a player without memory.
        success: whether the score is the share of episodes that succeed, instead of the return.
    """

    title: str
    perfect: float
    none: float
    success: bool = False


TASKS = {
    "memory-game-3-pairs": Played("Memory Game\n3 pairs", 3.0, 1.39),
    "wayfinding-demo": Played("wayfinding\n2 x 2 rooms", 12.1, 2.4),
    "water-mazes-demo": Played("water mazes\n2 of 5 x 5", 42.4, 2.6),
    "visuomotor": Played("visuomotor\n60 trials", 60.0, 17.3),
    "tasting-demo": Played("tasting\n4 kinds", 6.7, 0.0),
    "latent-tmaze": Played("latent T-maze\na delay of 20", 1.0, 0.5, success=True),
    "errands-demo": Played("errands\n2 x 2 rooms", 12.2, 0.0),
}
"""The tasks, with the scores of scripted players from their pages."""


def main():
    arguments = parse()
    arguments.out.mkdir(parents=True, exist_ok=True)
    path = arguments.out / "scores.json"
    scores = json.loads(path.read_text()) if path.exists() else {}
    for task in TASKS:
        for agent in AGENTS:
            name = f"{agent}-{task}"
            if name in scores:
                continue
            there = [folder / name for folder in arguments.results if (folder / name).exists()]
            if not there:
                print(f"{name}: no result", flush=True)
                continue
            try:
                scores[name] = score(there[0], task, arguments.episodes)
            except RunError as error:
                print(f"{name}: {error}", flush=True)
                continue
            path.write_text(json.dumps(scores, indent=1) + "\n")
            print(f"{name}: {scores[name]['share'][0]:.3f} of perfect play", flush=True)
    draw(scores, arguments.out / "shares.png")
    (arguments.out / "README.md").write_text(table(scores, arguments.episodes))


def score(folder: Path, task: str, episodes: int) -> dict[str, Any]:
    """A result's score on fresh episodes, and its share of perfect play with the interval.

    Of several levels the first, which is the task.
    """
    played = TASKS[task]
    found = next(iter(evaluate_levels(folder, episodes, seed=1).values()))
    mean = found.success if played.success else found.returns
    assert mean is not None
    low, high = mean.ci95 or (mean.value, mean.value)
    shares = [round(number / played.perfect, 4) for number in (mean.value, low, high)]
    return {
        "score": round(mean.value, 4),
        "share": shares,
        "environment_steps": found.environment_steps,
    }


def table(scores: dict[str, Any], episodes: int) -> str:
    """The scores in Markdown."""
    lines = [
        "# MERLIN's seven tasks",
        "",
        f"What `benchmarks/merlin_tasks.py` measured: means over {episodes:,} fresh episodes, one "
        "seed of training each, in brackets the share of perfect play, and the steps of the last "
        "training command. A dash: not trained.",
        "",
        f"| task | {' | '.join(AGENTS.values())} | perfect memory | no memory |",
        f"|---|{'---|' * (len(AGENTS) + 2)}",
    ]
    for task, played in TASKS.items():
        cells = [cell(scores.get(f"{agent}-{task}")) for agent in AGENTS]
        title = played.title.replace("\n", ", ")
        lines.append(f"| {title} | {' | '.join(cells)} | {played.perfect:g} | {played.none:g} |")
    return "\n".join(lines) + "\n"


def cell(found: dict[str, Any] | None) -> str:
    """A score, its share, and the millions of steps it took."""
    if found is None:
        return "-"
    millions = found["environment_steps"] / 1e6
    score, share = (number + 0.0 for number in (round(found["score"], 2), found["share"][0]))
    return f"{score:.2f} ({max(share, 0.0):.0%}), {millions:.1f} M steps"


def draw(scores: dict[str, Any], path: Path) -> None:
    """Bars by task and agent; a line across each task's bars for a player without memory."""
    figure = Figure(figsize=(9.0, 3.8), dpi=160, layout="constrained")
    axes = figure.add_subplot()
    width = 0.8 / len(AGENTS)
    for index, (agent, label) in enumerate(AGENTS.items()):
        for place, task in enumerate(TASKS):
            found, x = scores.get(f"{agent}-{task}"), place + (index - 1.5) * width
            if found is None:
                axes.text(x, 0.01, "-", ha="center", color="#666666")
                continue
            share, low, high = found["share"]
            axes.bar(x, share, width * 0.92, color=COLOURS[agent])
            errors = [[max(share - low, 0.0)], [max(high - share, 0.0)]]
            axes.errorbar(x, share, yerr=errors, color="black", linewidth=1)
        axes.bar(0, 0, color=COLOURS[agent], label=label)
    for place, played in enumerate(TASKS.values()):
        none = played.none / played.perfect
        label = "no memory" if place == 0 else None
        axes.plot([place - 0.42, place + 0.42], [none, none], ":", color="#666666", label=label)
    axes.axhline(1.0, color="#666666", linewidth=1, label="perfect memory")
    axes.set_xticks(range(len(TASKS)), [played.title for played in TASKS.values()], fontsize=8)
    axes.set_ylabel("share of perfect play")
    axes.set_ylim(0.0, 1.05)
    figure.legend(ncols=6, fontsize=8, loc="outside upper center", frameon=False)
    FigureCanvasAgg(figure).print_png(str(path), metadata={"Software": "engrax"})


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--results",
        type=Path,
        nargs="+",
        default=[Path("results")],
        metavar="DIR",
        help="folders of results and runs, the first that has it counts (results)",
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="where to write")
    parser.add_argument("--episodes", type=int, default=500, help="fresh ones of each (500)")
    return parser.parse_args()


if __name__ == "__main__":
    main()
