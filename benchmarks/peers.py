"""engrax beside memorax, the nearest JAX library: steps per CPU-second, in turn on one core.

    python -m venv peers && peers/bin/pip install memorax==1.0.1 gymnax==0.0.9
    taskset -c 0 python benchmarks/peers.py --python peers/bin/python [--pairs 3] [--json]

Each library learns its own small memory task with its own PPO: 64 streams of 128 steps, 4 epochs of
4 minibatches, an LSTM of 64 or a two-layer gated Transformer-XL 64 wide with a window of 64.
memorax trains two networks, an actor and a critic, where engrax trains one with two heads.
"""

import argparse
import json
import statistics
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
OURS = [sys.executable, str(HERE / "memories.py"), "--json", "--only"]


def main():
    arguments = parse()
    theirs = [arguments.python, str(HERE / "peer_memorax.py")]
    results = {}
    for memory in arguments.only:
        pairs = [
            (rate([*OURS, memory])[memory], rate([*theirs, memory])) for _ in range(arguments.pairs)
        ]
        rates = [tuple(each["steps_per_cpu_second"] for each in pair) for pair in pairs]
        ratios = sorted(ours / other for ours, other in rates)
        results[memory] = {
            "engrax": statistics.median(ours for ours, _ in rates),
            "memorax": statistics.median(other for _, other in rates),
            "ratio": round(statistics.median(ratios), 2),
            "ratios": [round(ratio, 2) for ratio in ratios],
        }
        if not arguments.json:
            print(memory, results[memory], flush=True)
    if arguments.json:
        print(json.dumps(results))


def rate(command: list[str]) -> dict:
    """What a command printed in its last line, in JSON."""
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(done.stdout.strip().splitlines()[-1])


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--python", required=True, help="a Python in which memorax is installed")
    parser.add_argument("--pairs", type=int, default=3, help="runs of each library in turn (3)")
    parser.add_argument("--only", nargs="+", choices=["lstm", "gtrxl"], default=["lstm", "gtrxl"])
    parser.add_argument("--json", action="store_true", help="print one line of JSON")
    return parser.parse_args()


if __name__ == "__main__":
    main()
