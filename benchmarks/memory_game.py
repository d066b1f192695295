"""Who learns the Memory Game in how many steps: MERLIN, its ablations, and what it is compared
with.

    python benchmarks/memory_game.py --pairs 4 --updates 2000 --out runs/memory-game-4-pairs [--only
    merlin lstm]

Every variant is the preset with some settings changed, trained for the same number of environment
steps with several seeds side by side (one compiled program), then evaluated on fresh episodes, the
same for all. What is done is kept: the command may be stopped and given again, and variants may be
trained by several processes at once.
"""

import argparse
import json
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from engrax.evaluation.play import play
from engrax.experiments.codec import encode
from engrax.experiments.config import Experiment
from engrax.runs.building import experiment_named
from engrax.runtime import Trainer

ABLATIONS: dict[str, dict[str, str]] = {
    "merlin": {},
    "without retroactive writes": {"memory.retroactive": "false"},
    "without reconstruction": {"agent.reconstruction": "false"},
    "without the gradient of the return into z": {"agent.return_shapes_latent": "false"},
    "without KL": {"agent.weights.divergence": "0"},
    "with the gradient of the policy into z": {"agent.policy_shapes_latent": "true"},
}
EVALUATED, POINTS = 1000, 60


def main():
    arguments = parse()
    arguments.out.mkdir(parents=True, exist_ok=True)
    for name, experiment in variants(arguments.pairs, arguments.updates).items():
        path = arguments.out / f"{name.replace(' ', '_')}.json"
        if path.exists() or (arguments.only and name not in arguments.only):
            continue
        print(f"{name}: {arguments.seeds} seeds, {arguments.updates} updates each", flush=True)
        result = {"variant": name, **learn(experiment, arguments.seeds, arguments.updates)}
        path.write_text(json.dumps(result) + "\n", encoding="utf-8")
        print(
            f"{name}: {np.round(result['mean_returns'], 3).tolist()} of {arguments.pairs}",
            flush=True,
        )
    print(table(arguments.out))


def variants(pairs: int, updates: int) -> dict[str, Experiment]:
    """Every variant's experiment; ramps end where their share of the preset's updates does."""
    chosen = {
        name: (f"merlin-memory-game-{pairs}-pairs", settings)
        for name, settings in ABLATIONS.items()
    }
    chosen |= {name: (f"{name}-memory-game-{pairs}-pairs", {}) for name in ("rl-mem", "lstm")}
    return {
        name: experiment_named(preset, changed).of_length(updates)
        for name, (preset, changed) in chosen.items()
    }


def learn(experiment: Experiment, seeds: int, updates: int) -> dict:
    """Trains seeds side by side, evaluates each, and says how it went."""
    trainers = [replace(experiment, seed=seed).build() for seed in range(seeds)]
    states = jax.tree.map(
        lambda *leaves: jnp.stack(leaves), *(trainer.init() for trainer in trainers)
    )
    update = jax.jit(jax.vmap(trainers[0].step), donate_argnums=0)
    started, curves = time.perf_counter(), []
    for number in range(1, updates + 1):
        states, metrics = update(states)
        curves.append(np.asarray(metrics["return"]))
        if number % max(1, updates // 20) == 0:
            recent = np.mean(curves[-100:], axis=0).round(2).tolist()
            print(
                f"  update {number}: return {recent}, {time.perf_counter() - started:.0f} s",
                flush=True,
            )
    return {
        "experiment": encode(experiment),
        "environment_steps": trainers[0].environment_steps(updates),
        "seconds_for_all_seeds": round(time.perf_counter() - started, 1),
        "parameters": sum(leaf.size for leaf in jax.tree.leaves(trainers[0].agent)),
        "curve": np.stack([part.mean(axis=0) for part in np.array_split(np.stack(curves), POINTS)])
        .round(4)
        .tolist(),
        "mean_returns": list(evaluated(trainers[0], states, seeds)),
    }


def evaluated(trainer: Trainer, states, seeds: int) -> Iterator[float]:
    """The mean return of each seed's agent over the same fresh episodes."""
    for seed in range(seeds):
        agent = jax.tree.map(lambda leaf, index=seed: leaf[index], states.learner.agent)
        yield float(play(agent, trainer.world, episodes=EVALUATED, seed=10_000).returns.mean())


def table(out: Path) -> str:
    """All that is done so far, in Markdown."""
    lines = [
        "| variant | mean return of each seed | mean | parameters | steps | seconds |",
        "|---" * 6 + "|",
    ]
    for result in sorted(
        map(read, out.glob("*.json")), key=lambda one: -np.mean(one["mean_returns"])
    ):
        scores = ", ".join(f"{score:.2f}" for score in result["mean_returns"])
        lines.append(
            f"| {result['variant']} | {scores} | {np.mean(result['mean_returns']):.2f} | "
            f"{result['parameters']:,} | "
            f"{result['environment_steps']:,} | {result['seconds_for_all_seeds']:,.0f} |"
        )
    return "\n".join(lines)


def read(path: Path) -> dict:
    """A result as it was kept."""
    return json.loads(path.read_text(encoding="utf-8"))


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pairs", type=int, default=4, choices=(3, 4, 6, 8))
    parser.add_argument("--updates", type=int, default=2000)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument(
        "--only", nargs="+", default=[], metavar="VARIANT", help="these variants; all if not given"
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
