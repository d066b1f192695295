"""Turns an HCAM agent's first read about: it looks at what it looked away from, and draws the
opposite conclusion.

    python benchmarks/ballet_turned.py results/hcam-ballet-levels --out runs/turned
    engrax train hcam-ballet-levels --from runs/turned --task.levels '[...]'

From rewards, Ballet's agents learn to look at dancers who are not meant, and to rule them out; with
two dancers that is an answer, with many it is not (docs/evidence.md,
`benchmarks/ballet_attention.py`). Here the sign of the first layer's relevance changes, and that of
what its read adds to the present. To a linear reader of two dancers' chunks nothing has happened;
what training then goes on from looks at the dancer who is meant.
"""

import argparse
import shutil
from pathlib import Path

import equinox as eqx

from engrax.runs import checkpoint
from engrax.runs.building import load_trained
from engrax.runs.directory import RunDirectory


def main():
    arguments = parse()
    source = RunDirectory.open(arguments.directory)
    trained = load_trained(source)
    words = {"updates": str(trained.updates), "environment_steps": str(trained.environment_steps)}
    arguments.out.mkdir(parents=True)
    checkpoint.save_weights(arguments.out / source.weights.name, turned(trained.agent), words)
    shutil.copy(source.path / "config.json", arguments.out)
    print(f"turned: {arguments.out}")


def turned(agent):
    """The agent with the signs of its first layer's relevance and read changed."""

    def where(agent):
        attention = agent.memory.layers[0].attention
        return (
            attention.relevance_query.weight,
            attention.detail_output.weight,
            attention.detail_output.bias,
        )

    return eqx.tree_at(where, agent, tuple(-array for array in where(agent)))


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("directory", type=Path, help="a run or a published result: an HCAM agent")
    parser.add_argument(
        "--out", type=Path, required=True, help="the folder to make, for `engrax train --from`"
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
