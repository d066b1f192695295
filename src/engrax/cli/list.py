"""`engrax list`: what there is."""

from collections.abc import Sequence

from engrax.cli.arguments import Parser, add_json
from engrax.cli.output import print_json, print_table
from engrax.experiments.annotations import kinds
from engrax.experiments.config import Agent
from engrax.experiments.memories import Memory
from engrax.experiments.presets import PRESETS
from engrax.experiments.tasks import Task

_EXAMPLES = """\
  engrax list
  engrax list --json
"""


def run(words: Sequence[str]) -> int:
    """Runs the command; see `engrax list --help`."""
    parser = Parser("list", "Say what there is: memories, agents, tasks, presets.", _EXAMPLES)
    add_json(parser, "the names")
    arguments = parser.read(words)
    settings = {"memories": Memory, "agents": Agent, "tasks": Task}
    names = {name: sorted(kinds(annotation)) for name, annotation in settings.items()} | {"presets": list(PRESETS)}
    if arguments.json:
        print_json(names)
    else:
        print_table({name: ", ".join(words) for name, words in names.items()})
    return 0
