"""Arguments of commands: argparse, with every error as one line."""

import argparse
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NoReturn

from engrax.cli.foreign import check_words
from engrax.errors import UsageError, show, suggest


class Parser(argparse.ArgumentParser):
    """Raises `UsageError` where argparse prints its usage and exits.

    Attributes:
        repeatable: the options that may be given more than once.
    """

    def __init__(self, command: str, description: str, examples: str):
        self.repeatable: set[str] = set()
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
        """Parses all words, and imports the packages of `--import`.

        Raises:
            UsageError: a word is unknown; the message suggests what was meant.
            ConfigError: a package cannot be imported.
        """
        self._check_words(words)
        check_words(words, known=self._option_string_actions)
        arguments, unknown = self.parse_known_args(words)
        if unknown:
            meant = suggest(unknown[0], self._option_string_actions, otherwise="")
            self.error(f"unknown argument {show(unknown[0])}" + (f", {meant}" if meant else ""))
        if names := getattr(arguments, "imports", ""):
            from engrax.experiments.registries import import_packages

            import_packages(names.split(","))
        return arguments

    def read_settings(self, words: Sequence[str]) -> tuple[argparse.Namespace, dict[str, str]]:
        """Parses a command's own arguments, and splits off settings: `--any.setting value`."""
        from engrax.experiments.settings import split_settings

        check_words(words, known=self._option_string_actions)
        own, settings = split_settings(words, reserved=tuple(self._option_string_actions))
        return self.read(own), settings

    def _check_words(self, words: Sequence[str]) -> None:
        names = [word.partition("=")[0] for word in words]
        for name in names:
            # Of two values, argparse would silently take the last.
            again = names.count(name) > 1 and name not in self.repeatable
            if again and name in self._option_string_actions:
                self.error(f"{name} is given twice; give it once")
        # An empty path would be taken for the directory one is in.
        if any(
            not word or (word.startswith("--") and word.endswith("=") and word.count("=") == 1)
            for word in words
        ):
            self.error("an argument is empty")


def integer(low: int, high: int) -> Callable[[str], int]:
    """The type of an argument that is an integer within bounds, both included."""

    def read(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = low - 1
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(
                f"expected an integer from {low} to {high}, got {text[:40]!r}"
            )
        return value

    return read


def count(low: int, high: int) -> Callable[[str], int]:
    """The type of an argument that is an integer within bounds, also in the form `2e6`."""

    def read(text: str) -> int:
        try:
            value = float(text)
            whole = int(text) if text.isdecimal() else int(value) if value.is_integer() else low - 1
        except (ValueError, OverflowError):
            whole = low - 1
        if not low <= whole <= high:
            raise argparse.ArgumentTypeError(
                f"expected an integer from {low} to {high}, such as 2e6, got {text[:40]!r}"
            )
        return whole

    return read


def share(text: str) -> float:
    """The type of an argument that is a number of things, of which there may be a fraction."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0.0 <= value <= 1e4 or (value > 1.0 and not value.is_integer()):
        raise argparse.ArgumentTypeError(
            f"expected a fraction below 1 or a whole number, got {text[:40]!r}"
        )
    return value


def add_preset(parser: Parser) -> None:
    """Adds the preset that a command is about."""
    parser.add_argument(
        "preset",
        metavar="PRESET",
        help="one that `engrax list` shows, gymnasium:ID, or gymnax:ID",
    )


def add_directory(parser: Parser, what: str = "a run directory, or a published result") -> None:
    """Adds the directory that a command is about."""
    parser.add_argument("directory", metavar="DIR", type=Path, help=what)


def add_json(parser: Parser, what: str) -> None:
    """Adds `--json`."""
    parser.add_argument("--json", action="store_true", help=f"print {what} as one line of JSON")


def add_log(parser: Parser, what: str) -> None:
    """Adds `--log`."""
    parser.add_argument("--log", metavar="WHERE", choices=("wandb", "none"), help=what)


def add_seed(parser: Parser, default: int, high: int = 2**32 - 1) -> None:
    """Adds `--seed`, which says which episodes are played."""
    kind, text = integer(0, high), f"which episodes ({default})"
    parser.add_argument("--seed", metavar="S", type=kind, default=default, help=text)


def add_budget(parser: Parser, note: str = "in all, earlier ones included") -> None:
    """Adds `--updates` and `--steps`, of which one may be given."""
    updates, steps = count(1, 10**12), count(1, 10**18)
    parser.add_argument("--updates", metavar="N", type=updates, help=f"updates {note}")
    parser.add_argument(
        "--steps", metavar="N", type=steps, help="likewise, in environment steps: 2e6"
    )


def check_budget(arguments: argparse.Namespace) -> None:
    """Raises `UsageError` where both `--updates` and `--steps` are given."""
    if arguments.updates is not None and arguments.steps is not None:
        raise UsageError("--updates and --steps both say how long to train: give one of them")


def add_ray_address(
    parser: argparse.ArgumentParser | argparse._ArgumentGroup, note: str = ""
) -> None:
    """Adds `--ray-address`."""
    address = 'a cluster that runs already: HOST:PORT, or "auto" for the one of this machine'
    parser.add_argument("--ray-address", metavar="ADDRESS", help=address + note)


def add_part_of_cluster(group: argparse._ArgumentGroup, each: str) -> None:
    """Adds `--cpus` and `--gpus`: what each task has on a cluster."""
    cpus = integer(1, 10**4)
    group.add_argument("--cpus", metavar="N", type=cpus, help=f"processors {each} (1)")
    gpus = f"accelerators {each} (0); a fraction shares one"
    group.add_argument("--gpus", metavar="X", type=share, help=gpus)


def add_hosts(parser: Parser) -> None:
    """Adds what several processes that train one run are told, and `--retries`."""
    group = parser.add_argument_group("several processes, on one machine or many")
    where = (
        "where they meet: HOST:PORT, at which the first listens; auto asks SLURM or Open MPI; ray "
        "starts them on a Ray cluster"
    )
    group.add_argument("--coordinator", metavar="ADDRESS", help=where)
    group.add_argument("--hosts", metavar="N", type=integer(1, 10**6), help="how many there are")
    index = "which of them this one is, from 0"
    group.add_argument("--host", metavar="I", type=integer(0, 10**6), help=index)
    add_part_of_cluster(group, "of each, on a Ray cluster")
    again = "how often to go on from the newest checkpoint after the process has died (0)"
    group.add_argument("--retries", metavar="N", type=integer(0, 10**4), default=0, help=again)


def join_hosts(arguments: argparse.Namespace) -> list[str]:
    """Meets the other processes, where there are some; to be called before JAX starts.

    Returns:
        The words that say so, for another command.

    Raises:
        UserError: it is not said where, or they do not come.
    """
    names = ("coordinator", "hosts", "host")
    given = {name: getattr(arguments, name) for name in names}
    words = [
        word
        for name, value in given.items()
        if value is not None
        for word in (f"--{name}", str(value))
    ]
    if arguments.cpus is not None or arguments.gpus is not None:
        raise UsageError("--cpus and --gpus say what a process has on a cluster: --coordinator ray")
    if not words:
        return []
    if arguments.coordinator is None:
        raise UsageError("--hosts and --host need --coordinator HOST:PORT")
    from engrax.runs.hosts import Hosts, check_hosts, join

    hosts = Hosts(arguments.coordinator, arguments.hosts, arguments.host)
    if arguments.retries:
        check_hosts(hosts)  # the process that is watched joins them
    else:
        join(hosts)
    return words


def add_import(parser: Parser) -> None:
    """Adds `--import`, for packages that register memories, agents, tasks or learners."""
    parser.add_argument(
        "--import",
        dest="imports",
        metavar="PACKAGE",
        default="",
        help="a package to import first, which adds to the registries; more by commas",
    )


def of_task(settings: Mapping[str, str]) -> dict[str, str]:
    """Settings without the `task.` that they begin with; raises `UsageError` for any others."""

    if strange := [name for name in settings if not name.startswith("task.")]:
        raise UsageError(
            f"unknown argument {show('--' + strange[0])}: of settings, only those of the task can "
            "be changed"
        )
    return {name.removeprefix("task."): value for name, value in settings.items()}
