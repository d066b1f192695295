"""`engrax publish`: a run as a small folder that others can evaluate, replay and start from."""

import os
import platform
import shlex
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from engrax.cli.arguments import Parser, add_directory, integer
from engrax.cli.evaluate import evaluate
from engrax.cli.output import say, warn
from engrax.errors import RunError
from engrax.evaluation.plots import Curve, learning_curve
from engrax.evaluation.statistics import span
from engrax.runs import checkpoint
from engrax.runs.directory import RunDirectory
from engrax.runs.metrics import Row, as_lines, thinned
from engrax.runs.storage import write_text
from engrax.runs.warm_start import OPTIMISER, sources

LARGEST = 5_000_000
"""Bytes that a file of a published result may have."""
LINES = 300

_EXAMPLES = """\
  engrax publish runs/hcam --out results/hcam-ballet-laptop
  engrax publish runs/hcam --out results/hcam-ballet-laptop --optimiser --note "The paper: ..."
"""


def run(words: Sequence[str]) -> int:
    """Runs the command; see `engrax publish --help`."""
    arguments = _parser().read(words)
    source, out = RunDirectory.open(arguments.directory), arguments.out
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise RunError(f"{out} exists; give a new directory as --out, or delete it")
    say(f"playing {arguments.episodes} fresh episodes")
    result = evaluate(source, arguments.episodes, arguments.seed)
    _check_size(source.weights)
    out.mkdir(parents=True, exist_ok=True)
    for name in ("config.json", source.weights.name):
        shutil.copyfile(source.path / name, out / name)
    if arguments.optimiser:
        _save_optimiser(source, out)
    rows = source.metrics.rows()
    write_text(out / source.metrics.path.name, as_lines(thinned(rows, LINES)))
    _draw(source.preset, rows, out / "learning_curve.png", result)
    write_text(out / "README.md", readme(source, rows, result, out, arguments.note))
    say(f"published {out}; again on fresh episodes: {_again(out, result)}")
    return 0


def readme(source: RunDirectory, rows: Sequence[Row], result: dict[str, Any], out: Path, notes: Sequence[str]) -> str:
    """What was run and how it came out, in Markdown: figures that were measured, and the author's notes."""
    last = rows[-1] if rows else Row()
    origin = source.origin
    command = shlex.join(map(str, source.config.get("command", [])))
    lines = [
        f"Command: `{command}`; all settings in `config.json`.",
        f"Figure: {_figure(result)}, over {result['episodes']:,} fresh episodes, sampling its actions, seed "
        f"{result['seed']}.",
        *([f"Chance, for a player without memory: {result['chance']:.3g}."] if result["chance"] is not None else []),
        f"Training: {result['updates']:,} updates, {result['environment_steps']:,} environment steps, "
        f"{float(last.get('seconds') or 0):,.0f} s on {machine()}; seed {source.config['experiment'].get('seed')}.",
        *([f"Started from `{origin.get('directory')}` after {origin.get('updates')} updates."] if origin else []),
        f"Again: `{_again(out, result)}`.",
        f"`metrics.jsonl`: means over neighbouring updates, at most {LINES} lines. `learning_curve.png`: training "
        "episodes.",
        *notes,
    ]
    return f"# {source.preset}\n\n" + "".join(f"* {line}\n" for line in lines)


def machine() -> str:
    """This machine in a few words: cores, and the processor's name where the system tells it."""
    names = [line.partition(":")[2].strip() for line in _processors() if line.startswith("model name")]
    return f"{os.cpu_count()} cores, {names[0] if names else platform.machine()}"


def _again(out: Path, result: dict[str, Any]) -> str:
    return f"engrax evaluate {out} --episodes {result['episodes']} --seed {result['seed'] + 1}"


def _figure(result: dict[str, Any]) -> str:
    name = "return" if result["success_rate"] is None else "success"
    value, ends = result["mean_return" if name == "return" else "success_rate"], result[f"{name}_ci95"]
    return f"{name} {value:.3f}" + (f" (95 %: {span(ends)})" if ends else "")


def _save_optimiser(source: RunDirectory, out: Path) -> None:
    _, _, kept = sources(source, warn)
    if kept is None:
        raise RunError(f"{source.path} keeps no optimiser; publish it without --optimiser")
    checkpoint.save(out / OPTIMISER, kept.arrays, kept.words)
    _check_size(out / OPTIMISER)


def _draw(preset: str, rows: Sequence[Row], picture: Path, result: dict[str, Any]) -> None:
    name = "success" if any(row.get("success") is not None for row in rows) else "return"
    if rows:
        steps = [float(row.get("environment_steps") or 0) for row in rows]
        curve = Curve(result["memory"], steps, [row.get(name) for row in rows])
        learning_curve(picture, [curve], y_label=name, title=preset, chance=result["chance"])


def _check_size(path: Path) -> None:
    if path.exists() and path.stat().st_size > LARGEST:
        raise RunError(f"{path} has {path.stat().st_size / 1e6:.1f} MB, more than a published file may have: 5 MB")


def _processors() -> list[str]:
    path = Path("/proc/cpuinfo")
    return path.read_text(encoding="utf-8", errors="replace").splitlines() if path.exists() else []


def _parser() -> Parser:
    parser = Parser("publish", "Make a small folder of a run, for others to evaluate and to start from.", _EXAMPLES)
    add_directory(parser, "a run directory")
    parser.add_argument("--out", metavar="DIR", type=Path, required=True, help="the folder to make")
    parser.add_argument("--episodes", metavar="N", type=integer(2, 10**7), default=1000, help="to evaluate on (1000)")
    parser.add_argument("--seed", metavar="S", type=integer(0, 2**32 - 2), default=1, help="which episodes (1)")
    parser.add_argument("--optimiser", action="store_true", help="add the optimiser, so that training can go on")
    parser.add_argument("--note", metavar="TEXT", nargs="+", default=[], help="lines for its README")
    return parser
