"""engrax beside its peers: steps per CPU-second and per second, in turn on one core.

    taskset -c 0 python benchmarks/peers.py --peer memorax [--pairs 3] [--only lstm] [--json]
    taskset -c 0 python benchmarks/peers.py --peer sb3

The peer is installed into an environment of its own, under .benchmarks/peers, when it is first
asked for. Each library learns with its own PPO, and with the same sizes:

* memorax: a small memory task of each library, in JAX. 64 streams of 128 steps, 4 epochs of 4
  minibatches; an LSTM of 64, or a two-layer gated Transformer-XL of 64 with a window of 64. memorax
  trains two networks, an actor and a critic, where engrax trains one with two heads.
* sb3: RecurrentPPO of stable-baselines3-contrib, in the same environments of Gymnasium. 16 streams
  of 128 steps, 4 epochs of 4 minibatches, an LSTM of 64.
"""

import argparse
import json
import statistics
import subprocess
import sys
import venv
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent
INSTALLED = HERE.parent / ".benchmarks" / "peers"


class Peer(NamedTuple):
    """A library to compare with.

    Attributes:
        packages: what pip installs.
        theirs: the script that measures it, run by the Python of its environment.
        ours: the script that measures engrax, and its options.
        cases: what both are measured on.
    """

    packages: tuple[str, ...]
    theirs: str
    ours: tuple[str, ...]
    cases: tuple[str, ...]


PEERS = {
    "memorax": Peer(
        packages=("memorax==1.0.1", "gymnax==0.0.9"),
        theirs="peer_memorax.py",
        ours=("memories.py", "--json", "--only"),
        cases=("lstm", "gtrxl"),
    ),
    "sb3": Peer(
        packages=("sb3-contrib>=2.7", "popgym==1.0.7", "minigrid>=3"),
        theirs="peer_sb3.py",
        ours=("gymnasium_rate.py",),
        cases=("popgym-RepeatPreviousEasy-v0", "MiniGrid-MemoryS7-v0"),
    ),
}


def main():
    arguments = parse()
    peer = PEERS[arguments.peer]
    theirs = [str(arguments.python or installed(arguments.peer)), str(HERE / peer.theirs)]
    ours = [sys.executable, str(HERE / peer.ours[0]), *peer.ours[1:]]
    results = {}
    for case in arguments.only or peer.cases:
        pairs = [
            (rates([*ours, case], case), rates([*theirs, case], case))
            for _ in range(arguments.pairs)
        ]
        results[case] = {
            unit: compared([(mine[unit], other[unit]) for mine, other in pairs], arguments.peer)
            for unit in pairs[0][0].keys() & pairs[0][1].keys()
        }
        if not arguments.json:
            print(case, results[case], flush=True)
    if arguments.json:
        print(json.dumps(results))


def installed(name: str) -> Path:
    """The Python of the peer's environment, which is made if it is not there."""
    folder = INSTALLED / name
    python = folder / "bin" / "python"
    if not (folder / "ready").exists():
        print(f"installing {name} into {folder}", file=sys.stderr, flush=True)
        venv.create(folder, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "-q", *PEERS[name].packages], check=True)
        (folder / "ready").touch()
    return python


def rates(command: list[str], case: str) -> dict[str, float]:
    """The rates that a command printed in its last line, in JSON: by unit, or by case and unit."""
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found = json.loads(done.stdout.strip().splitlines()[-1])
    return {unit: rate for unit, rate in found.get(case, found).items() if "steps_per" in unit}


def compared(pairs: list[tuple[float, float]], name: str) -> dict[str, float | list[float]]:
    """Medians, and the ratio of each pair."""
    ratios = [mine / other for mine, other in pairs]
    return {
        "engrax": statistics.median(mine for mine, _ in pairs),
        name: statistics.median(other for _, other in pairs),
        "ratio": round(statistics.median(ratios), 2),
        "ratios": sorted(round(ratio, 2) for ratio in ratios),
    }


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--peer", required=True, choices=sorted(PEERS))
    text = "a Python in which the peer is installed already"
    parser.add_argument("--python", type=Path, help=text)
    parser.add_argument("--pairs", type=int, default=3, help="runs of each library in turn (3)")
    parser.add_argument("--only", nargs="+", help="cases: lstm, gtrxl; or ids of environments")
    parser.add_argument("--json", action="store_true", help="print one line of JSON")
    return parser.parse_args()


if __name__ == "__main__":
    main()
