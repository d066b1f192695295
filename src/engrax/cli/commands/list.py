"""`engrax list`: what there is."""

import shutil
import sys
import textwrap
from collections.abc import Sequence

from engrax.cli.arguments import Parser, add_import, add_json
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
    """Prints a line a preset; on a terminal, one that is too narrow for it gets more than one."""
    from engrax.runs.listing import presets_by_task

    columns = shutil.get_terminal_size().columns if sys.stdout.isatty() else sys.maxsize
    for task, presets in presets_by_task().items():
        print(f"\npresets on {task}, and their environment steps")
        for preset in presets:
            start = f"  {preset.name:<{width}}  {rounded(preset.steps):>6}  "
            whole = start + printable(preset.description)
            print(textwrap.fill(whole, max(columns, len(start) + 20), subsequent_indent=" " * 8))


def rounded(count: int) -> str:
    """A large number in three digits: `9.83 M`."""
    for size, unit in ((10**9, " G"), (10**6, " M"), (10**3, " k")):
        if count >= size:
            return f"{count / size:.3g}{unit}"
    return str(count)
