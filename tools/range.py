"""Tries the versions that pyproject.toml declares: the lowest of each dependency, and the newest.

    python tools/range.py [--only lowest-3.11 newest-3.13] [--python python3.12 ...]

Every environment is made afresh under build/range, with this package and what its tests need, and
runs a short suite and a training run. Pythons that are not installed are left out, and named.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "build" / "range"
PYTHONS = ("python3.11", "python3.12", "python3.13")
TOOLS = ("pytest", "hypothesis", "beartype")
SUITE = (
    "tests/unit/test_package.py",
    "tests/unit/experiments/test_codec.py",
    "tests/unit/experiments/test_presets.py",
    "tests/unit/runs/test_checkpoint.py",
    "tests/unit/runs/test_directory.py",
    "tests/unit/evaluation/test_statistics.py",
    "tests/unit/evaluation/test_comparison.py",
    "tests/unit/evaluation/test_plots.py",
    "tests/unit/cli/test_output.py",
    "tests/unit/cli/test_tables.py",
)


class Environment(NamedTuple):
    """A Python, and whether it gets the lowest versions or the newest."""

    name: str
    python: str
    lowest: bool


def main() -> int:
    arguments = parse()
    environments = planned(arguments.python)
    chosen = [one for one in environments if not arguments.only or one.name in arguments.only]
    if not chosen:
        known = ", ".join(one.name for one in environments)
        print(f"nothing to try: --only names none of {known}", file=sys.stderr)
        return 2
    failed = [one.name for one in chosen if not tried(one)]
    print(f"{len(chosen) - len(failed)} passed, {len(failed)} failed {' '.join(failed)}".rstrip())
    return 1 if failed else 0


def planned(pythons: list[str]) -> list[Environment]:
    """The lowest versions on the first Python there is, the newest on every one."""
    found = [(python, version) for python in pythons if (version := version_of(python))]
    for python in pythons:
        if python not in dict(found):
            print(f"{python} is not installed: left out", file=sys.stderr)
    lowest = [Environment(f"lowest-{version}", python, True) for python, version in found[:1]]
    return lowest + [Environment(f"newest-{version}", python, False) for python, version in found]


def version_of(python: str) -> str | None:
    """Such as `3.12`; None if there is no such Python."""
    if shutil.which(python) is None:
        return None
    code = "import sys; print('%d.%d' % sys.version_info[:2])"
    answer = subprocess.run([python, "-c", code], capture_output=True, text=True, check=False)
    return answer.stdout.strip() or None


def tried(one: Environment) -> bool:
    """Makes an environment and runs the suite in it; says whether all went well."""
    print(f"== {one.name}", flush=True)
    place = FOLDER / one.name
    shutil.rmtree(place, ignore_errors=True)
    python, run = str(place / "bin" / "python"), place / "run"
    steps = [
        [one.python, "-m", "venv", str(place)],
        [python, "-m", "pip", "install", "--quiet", *TOOLS, *constraints(one), f"{ROOT}[suites]"],
        [python, "-m", "pytest", "-q", "-W", "default", *SUITE],
        [python, "-m", "engrax", "train", "debug", "--out", str(run)],
        [python, "-m", "engrax", "evaluate", str(run), "--episodes", "20"],
    ]
    return all(went_well(step) for step in steps)


def went_well(step: list[str]) -> bool:
    """Runs a command on what its environment has installed, and nothing else."""
    variables = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    # Not every version of JAX knows the flags of tests/conftest.py.
    variables["XLA_FLAGS"] = "--xla_backend_optimization_level=0"
    return subprocess.run(step, cwd=ROOT, env=variables, check=False).returncode == 0


def constraints(one: Environment) -> list[str]:
    """Arguments of pip that hold every dependency to its lower bound, if that is to be tried."""
    if not one.lowest:
        return []
    path = FOLDER / "lowest.txt"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{name}=={version}\n" for name, version in bounds().items()))
    return ["--constraint", str(path)]


def bounds() -> dict[str, str]:
    """The lower bound of each dependency."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    split = [re.fullmatch(r"([\w.-]+)>=([\w.]+)", each) for each in project["dependencies"]]
    assert all(split), "every dependency is declared as NAME>=VERSION"
    return {match[1]: match[2] for match in split if match}


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME", help="such as lowest-3.11")
    parser.add_argument("--python", nargs="+", default=list(PYTHONS), help="the Pythons to try")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
