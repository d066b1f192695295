"""`engrax list`: what there is."""

from collections.abc import Sequence

from engrax.agents import AGENTS
from engrax.cli.arguments import Parser, add_json
from engrax.cli.output import print_json, print_table
from engrax.envs import TASKS
from engrax.experiments.presets import PRESETS
from engrax.memory import MEMORIES

_EXAMPLES = """\
  engrax list
  engrax list --json
"""


def run(words: Sequence[str]) -> int:
    """Runs the command; see `engrax list --help`."""
    parser = Parser("list", "Say what there is: memories, agents, tasks, presets.", _EXAMPLES)
    add_json(parser, "the names")
    arguments = parser.read(words)
    registries = {"memories": MEMORIES, "agents": AGENTS, "tasks": TASKS, "presets": PRESETS}
    if arguments.json:
        print_json({name: list(registry) for name, registry in registries.items()})
    else:
        print_table({name: ", ".join(registry) for name, registry in registries.items()})
    return 0
