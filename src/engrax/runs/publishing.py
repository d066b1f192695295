"""A run as a small folder that others can evaluate, replay and start from."""

import os
import platform
import shlex
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from engrax.errors import RunError
from engrax.evaluation.statistics import span
from engrax.runs import checkpoint
from engrax.runs.checkpoint import Contents
from engrax.runs.directory import RunDirectory
from engrax.runs.entries import evaluation_entry
from engrax.runs.evaluating import evaluate
from engrax.runs.log import warn as log_warning
from engrax.runs.metrics import Row, as_lines, thinned
from engrax.runs.storage import write_text
from engrax.runs.warm_start import OPTIMISER, sources

LARGEST = 5_000_000
"""Bytes that a file of a published result may have."""
LINES = 300
"""Rows that its log may have."""


def publish(
    source: RunDirectory,
    out: Path,
    *,
    episodes: int = 1000,
    seed: int = 1,
    optimiser: bool = False,
    notes: Sequence[str] = (),
    trained_on: str | None = None,
    warn: Callable[[str], object] = log_warning,
) -> dict[str, Any]:
    """Evaluates a run, and makes a folder of its config, weights, thinned log, curve and figures.

    Args:
        source: the run.
        out: the folder to make.
        episodes: to evaluate on.
        seed: which episodes.
        optimiser: whether to add the optimiser's state, so that training can go on.
        notes: lines for the folder's README.
        trained_on: the machine, for the README; this one if not given.
        warn: called with one line for each damaged checkpoint that was passed over.

    Returns:
        The entry of the evaluation; see `evaluation_entry`.

    Raises:
        RunError: the folder is not empty, a file would be too large, or no optimiser is kept.
        OSError: it cannot be written.
    """
    check_vacant(out)
    _check_size(source.weights)
    kept = _optimiser(source, warn) if optimiser else None
    result = evaluation_entry(evaluate(source, episodes, seed))
    out.mkdir(parents=True, exist_ok=True)
    for name in ("config.json", source.weights.name):
        shutil.copyfile(source.path / name, out / name)
    if kept is not None:
        checkpoint.save(out / OPTIMISER, kept.arrays, kept.words)
        _check_size(out / OPTIMISER)
    rows = source.metrics.rows()
    write_text(out / source.metrics.path.name, as_lines(thinned(rows, LINES)))
    _draw(source.preset, rows, out / "learning_curve.png", result)
    where = machine() if trained_on is None else trained_on
    write_text(out / "README.md", readme(source, rows, result, out, where, notes))
    return result


def check_vacant(out: Path) -> None:
    """Raises `RunError` if there is something at a path that is no empty folder."""
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise RunError(f"{out} exists; give a new directory as --out, or delete it")


def readme(
    source: RunDirectory,
    rows: Sequence[Row],
    result: dict[str, Any],
    out: Path,
    trained_on: str,
    notes: Sequence[str],
) -> str:
    """What was run and what was measured, in Markdown, the machine, and the author's notes."""
    last = rows[-1] if rows else Row()
    origin, seed = source.origin, source.config["experiment"].get("seed")
    lines = [
        _command(source),
        f"Figure: {_figure(result)}, over {result['episodes']:,} fresh episodes, actions "
        f"sampled, seed {result['seed']}.",
        *_chance(result["chance"]),
        f"Training: {result['updates']:,} updates, {result['environment_steps']:,} environment "
        f"steps, {float(last.get('seconds') or 0):,.0f} s on {trained_on}; seed {seed}.",
        *([_started(origin)] if origin else []),
        f"To evaluate again: `{again(out, result)}`.",
        f"`metrics.jsonl`: means over neighbouring updates, at most {LINES} lines. "
        "`learning_curve.png`: training episodes.",
        *notes,
    ]
    return f"# {source.preset}\n\n" + "".join(f"* {line}\n" for line in lines)


def machine() -> str:
    """This machine in a few words: cores, and the processor's name where the system has it."""
    lines = [line for line in _processors() if line.startswith("model name")]
    names = [line.partition(":")[2].strip() for line in lines]
    return f"{os.cpu_count()} cores, {names[0] if names else platform.machine()}"


def again(out: Path, result: dict[str, Any]) -> str:
    """The command that evaluates a published result on other episodes."""
    return f"engrax evaluate {out} --episodes {result['episodes']} --seed {result['seed'] + 1}"


def _command(source: RunDirectory) -> str:
    command = shlex.join(map(str, source.config.get("command", [])))
    settings = "all settings in `config.json`."
    return f"Command: `{command}`; {settings}" if command else settings.capitalize()


def _chance(chance: float | None) -> list[str]:
    if chance is None:
        return []
    return [f"Chance (a player without memory): {chance:.3g}."]


def _started(origin: dict[str, Any]) -> str:
    return f"Started from `{origin.get('directory')}` after {origin.get('updates')} updates."


def _figure(result: dict[str, Any]) -> str:
    name = "return" if result["success_rate"] is None else "success"
    value = result["mean_return" if name == "return" else "success_rate"]
    ends = result[f"{name}_ci95"]
    return f"{name} {value:.3f}" + (f" (95 %: {span(ends)})" if ends else "")


def _optimiser(source: RunDirectory, warn: Callable[[str], object]) -> Contents:
    _, _, kept = sources(source, warn)
    if kept is None:
        raise RunError(f"{source.path} keeps no optimiser; publish it without --optimiser")
    return kept


def _draw(preset: str, rows: Sequence[Row], picture: Path, result: dict[str, Any]) -> None:
    from engrax.evaluation.plots import Curve, learning_curve

    succeeds = any(row.get("success") is not None for row in rows)
    name = "success" if succeeds else "return"
    if rows:
        steps = [float(row.get("environment_steps") or 0) for row in rows]
        curve = Curve(result["memory"], steps, [row.get(name) for row in rows])
        learning_curve(picture, [curve], y_label=name, title=preset, chance=result["chance"])


def _check_size(path: Path) -> None:
    if path.exists() and path.stat().st_size > LARGEST:
        size = path.stat().st_size / 1e6
        raise RunError(f"{path} has {size:.1f} MB, more than a published file may have: 5 MB")


def _processors() -> list[str]:
    path = Path("/proc/cpuinfo")
    if not path.exists():
        return []
    return path.read_text(encoding="utf-8", errors="replace").splitlines()
