"""Which of HCAM's parts are necessary: how soon an agent without one learns Ballet's 2_delay16 from
labels.

    python benchmarks/hcam_parts.py --out runs/parts [--episodes 19200] [--seeds 3] [--only "as it
    is" "one layer"]

Each variant is the preset `hcam-ballet-laptop` with settings or its memory changed, trained as by
`benchmarks/ballet_supervised.py`; a figure is the share of right directions in the last 6,400
episodes (0.5: one of the two dancers). What is done is kept: the command may be stopped and given
again.
"""

import argparse
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from ballet_supervised import course, fresh

from engrax.memory.hcam import HCAM, HierarchicalAttention
from engrax.memory.hcam.layer import HCAMLayer
from engrax.nn.linear import apply
from engrax.runs.building import experiment_named

M = TypeVar("M", bound=eqx.Module)


class FlatAttention(HierarchicalAttention):
    """One softmax over the rows of all chunks: no summaries, no choice of chunks."""

    def read_sequence(self, queries, cache, valid, order=None):
        """Reads with many queries; without a choice of chunks their order does not matter."""
        del order
        scores = jnp.einsum(
            "the,mhce->htmc", self._heads(apply(self.detail_query, queries)), cache.keys
        )
        scores = jnp.where(valid[None, :, :, None], scores, -1e9)
        attention = self._softmax(scores.reshape(*scores.shape[:2], -1)).reshape(scores.shape)
        mixed = jnp.einsum("htmc,mhce->the", attention, cache.values)
        return apply(self.detail_output, mixed.reshape(queries.shape[0], -1))


class SharedAttention(HierarchicalAttention):
    """Chunks are chosen with the queries and keys of the attention inside them."""

    def project_summary(self, contents):
        """The key of a chunk's mean."""
        return HierarchicalAttention.project_summary(self._shared, contents)

    def _relevance(self, queries, cache, valid):
        return HierarchicalAttention._relevance(self._shared, queries, cache, valid)

    @property
    def _shared(self):
        where = lambda a: (a.relevance_query, a.relevance_key)  # noqa: E731
        return eqx.tree_at(where, self, (self.detail_query, self.detail_key))


class NoAttention(HierarchicalAttention):
    """Reads nothing."""

    def read_sequence(self, queries, cache, valid, order=None):
        """Zeros."""
        del cache, valid, order
        return jnp.zeros_like(queries)


class NoBypass(HCAMLayer):
    """What was read takes the place of what is there, as soon as anything can be read."""

    def _joined(self, x, read, found):
        return jnp.where(found, read, x)


class Variant(NamedTuple):
    """Settings to change, and what becomes of the memory."""

    settings: Mapping[str, str] = {}
    change: Callable[[HCAM], HCAM] = lambda memory: memory


def as_a(kind: type[M], module: eqx.Module, **added: Any) -> M:
    """A module with the same fields, of another kind, which may have more."""
    other = object.__new__(kind)
    values = {field.name: getattr(module, field.name) for field in fields(module)}
    for name, value in (values | added).items():
        object.__setattr__(other, name, value)
    return other


def attentions(
    kind: type[HierarchicalAttention], layers: slice = slice(None)
) -> Callable[[HCAM], HCAM]:
    """Changes the attention to chunks of some layers."""
    where = lambda memory: [layer.attention for layer in memory.layers[layers]]  # noqa: E731
    return lambda memory: eqx.tree_at(
        where, memory, [as_a(kind, attention) for attention in where(memory)]
    )


def without_bypass(memory: HCAM) -> HCAM:
    """Cuts the residual connection around every layer's memory."""
    return eqx.tree_at(
        lambda m: m.layers, memory, tuple(as_a(NoBypass, layer) for layer in memory.layers)
    )


BASE = {"memory.read_init": "identity"}
"""What all have in common: with labels, it learns soonest with a read that is added at first."""
VARIANTS = {
    "as it is": Variant(),
    "k = 1": Variant({"memory.top_k": "1"}),
    "k = all 4 chunks": Variant({"memory.num_chunks": "4", "memory.top_k": "4"}),
    "chunks of 8": Variant({"memory.chunk_size": "8", "memory.num_chunks": "16"}),
    "chunks of 32": Variant(
        {"memory.chunk_size": "32", "memory.num_chunks": "4", "memory.window": "32"}
    ),
    "one layer": Variant({"memory.num_layers": "1"}),
    "four layers": Variant({"memory.num_layers": "4"}),
    "memory on top only": Variant(change=attentions(NoAttention, slice(0, -1))),
    "flat attention": Variant(change=attentions(FlatAttention)),
    "shared queries and keys": Variant(change=attentions(SharedAttention)),
    "no bypass": Variant(change=without_bypass),
    "half of a read is taken away at first": Variant({"memory.read_init": "contrast"}),
    "reads are random at first": Variant({"memory.read_init": "he"}),
    "scales of 1": Variant({"agent.encoders.text_scale": "1", "agent.encoders.sum_scale": "1"}),
}


def main():
    arguments = parse()
    arguments.out.mkdir(parents=True, exist_ok=True)
    for seed in range(arguments.seeds):
        for name in arguments.only or VARIANTS:
            path = arguments.out / f"{name.replace(' ', '_')}-{seed}.json"
            if not path.exists():
                print(f"{name}, seed {seed}", flush=True)
                result = {
                    "variant": name,
                    "seed": seed,
                    **trained(VARIANTS[name], seed, arguments.episodes),
                }
                path.write_text(json.dumps(result) + "\n", encoding="utf-8")
    print(table(arguments.out))


def trained(variant: Variant, seed: int, episodes: int) -> dict[str, Any]:
    """Trains a fresh agent, and says how often it was right, 6,400 episodes by 6,400."""
    experiment = experiment_named("hcam-ballet-laptop", BASE | dict(variant.settings))
    environment = experiment.task
    agent: Any = fresh(experiment, seed)
    agent = eqx.tree_at(lambda a: a.memory, agent, variant.change(agent.memory))
    started = time.perf_counter()
    _, right = course(agent, environment, episodes, seed=seed)
    return {
        "episodes": episodes,
        "right": np.round(right, 4).tolist(),
        "seconds": time.perf_counter() - started,
    }


def table(folder: Path) -> str:
    """All variants' figures of each seed, in the last 6,400 episodes and in those before."""
    lines = ["| variant | in the 6,400 before | in the last 6,400 |", "|---|---|---|"]
    for name in VARIANTS:
        paths = sorted(folder.glob(f"{name.replace(' ', '_')}-*.json"))
        rights = [json.loads(path.read_text(encoding="utf-8"))["right"] for path in paths]
        if rights:
            before, last = (
                ", ".join(f"{right[place]:.3f}" for right in rights) for place in (-2, -1)
            )
            lines.append(f"| {name} | {before} | {last} |")
    return "\n".join(lines)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, required=True, help="a file a variant and seed")
    parser.add_argument("--episodes", type=int, default=19_200, help="of each run (19,200)")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--only", nargs="+", choices=VARIANTS, metavar="NAME")
    return parser.parse_args()


if __name__ == "__main__":
    main()
