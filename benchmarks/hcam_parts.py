"""Which of HCAM's parts are necessary: how soon an agent without one learns Ballet's 2_delay16 from
labels.

    python benchmarks/hcam_parts.py --out runs/parts [--episodes 19200] [--seeds 3] [--only "as it
    is" "one layer"]

Each variant is the preset `hcam-ballet-laptop` with settings changed or another read, trained as by
`benchmarks/ballet_supervised.py`; a figure is the share of right directions in the last 6,400
episodes (0.5: one of the two dancers). What is done is kept: the command may be stopped and given
again.
"""

import argparse
import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import equinox as eqx
import jax
import numpy as np
from ballet_supervised import course
from jaxtyping import Array, Key

from engrax.agents import ActorCritic
from engrax.memory.hcam import HCAM, AbstractRead, FlatRead, HCAMSizes, HierarchicalRead, NoRead
from engrax.memory.hcam.memory import MakeRead, hierarchical_read
from engrax.runs.building import experiment_named


class SharedRead(AbstractRead):
    """Chunks are chosen with the queries and keys of the attention inside them."""

    inner: HierarchicalRead

    @property
    def least(self):
        """As many as the inner read."""
        return self.inner.least

    def read(self, query, chunks, valid):
        """Reads with two layers in the places of four."""
        where = lambda a: (a.relevance_query, a.relevance_key)  # noqa: E731
        shared = eqx.tree_at(where, self.inner, (self.inner.detail_query, self.inner.detail_key))
        return shared.read(query, chunks, valid)


def shared_read(sizes: HCAMSizes, layer: int, key: Key[Array, ""]) -> SharedRead:
    return SharedRead(hierarchical_read(sizes, layer, key))


def flat_read(sizes: HCAMSizes, layer: int, key: Key[Array, ""]) -> FlatRead:
    del layer
    return FlatRead(sizes.width, sizes.num_heads, key=key, read_init=sizes.read_init)


def read_on_top(sizes: HCAMSizes, layer: int, key: Key[Array, ""]) -> AbstractRead:
    on_top = layer == sizes.num_layers - 1
    return hierarchical_read(sizes, layer, key) if on_top else NoRead()


class Variant(NamedTuple):
    """Settings to change, and the read of each layer."""

    settings: Mapping[str, str] = {}
    read: MakeRead = hierarchical_read


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
    "memory on top only": Variant(read=read_on_top),
    "flat attention": Variant(read=flat_read),
    "shared queries and keys": Variant(read=shared_read),
    "no bypass": Variant({"memory.bypass": "false"}),
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
    environment, sizes = experiment.task, experiment.agent
    memory = lambda size, key: HCAM(size, sizes.memory, read=variant.read, key=key)  # noqa: E731
    agent = ActorCritic(environment.interface, sizes, memory=memory, key=jax.random.key(seed))
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
