"""`engrax show`: how far a run is, and what it is made of."""

from collections.abc import Mapping, Sequence
from typing import Any

from engrax.cli.arguments import Parser, add_directory, add_import, add_json
from engrax.cli.output import print_json, print_table, warn

_EXAMPLES = """\
  engrax show runs/hcam
  engrax show runs/hcam --json
"""


def run(words: Sequence[str]) -> int:
    """Runs the command; see `engrax show --help`."""
    parser = Parser("show", "Say how far a run is, and what it is made of.", _EXAMPLES)
    add_directory(parser)
    add_import(parser)
    add_json(parser, "it")
    arguments = parser.read(words)
    from engrax.runs.entries import summary_entry
    from engrax.runs.summarising import summarise

    result = summary_entry(summarise(arguments.directory, warn))
    if arguments.json:
        print_json(result)
    else:
        print_table(_in_words(result))
    return 0


def _in_words(result: Mapping[str, Any]) -> dict[str, object]:
    experiment, metrics = result["experiment"], result["metrics"] or {}
    return {
        "run": result["directory"],
        "preset": result["preset"],
        "task": _short(experiment["task"]),
        "agent": experiment["agent"]["kind"],
        "memory": _short(_memory(result)),
        "updates": f"{result['updates']:,} of {result['target_updates']:,}",
        "environment steps": f"{result['environment_steps']:,}",
        "state SHA-256": result["state_sha256"] or "-",
        **{name: f"{value:.4g}" for name, value in metrics.items() if isinstance(value, float)},
    }


def _short(group: Mapping[str, Any]) -> str:
    values = {name: value for name, value in group.items() if name != "kind" and value is not None}
    settings = ", ".join(f"{name} {value}" for name, value in values.items())
    return f"{group['kind']} ({settings})" if settings else group["kind"]


def _memory(result: Mapping[str, Any]) -> Mapping[str, Any]:
    agent = result["experiment"]["agent"]
    return {**agent.get("memory", agent.get("store", {})), "kind": result["memory"]}
