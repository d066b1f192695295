"""`engrax list`: what there is."""

from collections.abc import Sequence

from engrax.cli.arguments import Parser, add_import, add_json, read_imports
from engrax.cli.output import print_json, print_table, printable

_EXAMPLES = """\
  engrax list
  engrax list --json
"""


def run(words: Sequence[str]) -> int:
    """Runs the command; see `engrax list --help`."""
    parser = Parser("list", "Say what there is: memories, agents, tasks, presets.", _EXAMPLES)
    add_import(parser)
    add_json(parser, "the names")
    arguments = parser.read(words)
    read_imports(arguments)
    from engrax.runs.listing import names

    found = names()._asdict()
    if arguments.json:
        print_json(found)
    else:
        presets = found.pop("presets")
        print_table({name: ", ".join(words) for name, words in found.items()})
        _print_presets(max(map(len, presets)))
    return 0


def _print_presets(width: int) -> None:
    from engrax.runs.listing import presets_by_task

    for task, lines in presets_by_task().items():
        print(f"\npresets on {task}")
        for line in lines:
            print(f"  {line.name:<{width}}  {printable(line.description)}")
