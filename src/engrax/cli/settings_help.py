"""The settings of an experiment as `--help` lists them."""

import textwrap
from collections.abc import Iterator, Sequence

from engrax.experiments.codec import encode
from engrax.experiments.config import Experiment
from engrax.experiments.settings import HOLDERS, MEMORY, Setting, list_settings

_INDENT = " " * 6
_NARROWEST = 30


def settings_help(experiment: Experiment, width: int) -> str:
    """Every setting with its value, what it takes, and what it means.

    Args:
        experiment: whose settings.
        width: columns to wrap explanations at; names and values are never cut or broken, so that
            they can be copied.

    Returns:
        Two or more lines a setting, and first what `--memory` is short for.
    """
    settings = list(list_settings(type(experiment), encode(experiment)))
    lines = [line for setting in settings for line in _lines(setting, width)]
    return "\n".join([*_short_form(settings), *lines])


def _short_form(settings: Sequence[Setting]) -> list[str]:
    """The line that says what `--memory` is short for."""
    named = {".".join(setting.path.split(".")[:2]) for setting in settings}
    holder = next((each for each in HOLDERS if each in named), None)
    return [f"(--{MEMORY} is short for --{holder})"] if holder else []


def _lines(setting: Setting, width: int) -> Iterator[str]:
    yield f"  --{setting.path} {setting.value}"
    yield from textwrap.wrap(
        f"{setting.metavar}: {setting.doc}",
        max(width, _NARROWEST),
        initial_indent=_INDENT,
        subsequent_indent=_INDENT,
        break_long_words=False,
        break_on_hyphens=False,
    )
