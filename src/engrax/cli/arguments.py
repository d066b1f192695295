"""Arguments of commands: argparse, with every error as one line."""

import argparse
import difflib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

from engrax.errors import UsageError


class Parser(argparse.ArgumentParser):
    """Raises `UsageError` where argparse prints its usage and exits."""

    def __init__(self, command: str, description: str, examples: str):
        super().__init__(
            prog=f"engrax {command}",
            description=description,
            epilog=f"examples:\n{examples}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )

    def error(self, message: str) -> NoReturn:
        """Raises the error instead of printing it."""
        raise UsageError(f"{message}; see `{self.prog} --help`")

    def read(self, words: Sequence[str]) -> argparse.Namespace:
        """Parses all words; an unknown one is an error that suggests what was meant."""
        self._check_words(words)
        arguments, unknown = self.parse_known_args(words)
        if unknown:
            near = difflib.get_close_matches(unknown[0], self._option_string_actions, n=1)
            self.error(f"unknown argument {unknown[0]!r}" + (f", did you mean {near[0]}?" if near else ""))
        return arguments

    def _check_words(self, words: Sequence[str]) -> None:
        names = [word.partition("=")[0] for word in words]
        for name in names:
            # Of two values, argparse would silently take the last.
            if name in self._option_string_actions and names.count(name) > 1:
                self.error(f"{name} is given twice; give it once")
        # An empty path would be taken for the directory one is in.
        if any(not word or (word.startswith("--") and word.endswith("=") and word.count("=") == 1) for word in words):
            self.error("an argument is empty")


def integer(low: int, high: int) -> Callable[[str], int]:
    """The type of an argument that is an integer within bounds, both included."""

    def read(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = low - 1
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f"expected an integer from {low} to {high}, got {text[:40]!r}")
        return value

    return read


def add_directory(parser: Parser, what: str) -> None:
    """Adds the directory that a command is about."""
    parser.add_argument("directory", metavar="DIR", type=Path, help=what)


def add_json(parser: Parser, what: str) -> None:
    """Adds `--json`."""
    parser.add_argument("--json", action="store_true", help=f"print {what} as one line of JSON")
