"""What is compared: presets, presets with settings of their own, and runs that are trained."""

import itertools
import json
import math
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from engrax.errors import ConfigError, UserError, show
from engrax.experiments.codec import encode
from engrax.experiments.config import Experiment
from engrax.experiments.settings import split_settings
from engrax.runs.building import experiment_named, experiment_of
from engrax.runs.directory import RunDirectory
from engrax.runtime import Placement


class Entrant(NamedTuple):
    """An agent that is compared with others.

    Attributes:
        name: in tables, and of the directories of its runs.
        experiment: what is trained, or was.
        trained: the directory of the run; None where it is still to be trained.
    """

    name: str
    experiment: Experiment
    trained: RunDirectory | None = None


def entrant(text: str, settings: Mapping[str, str]) -> Entrant:
    """What is compared under a text, such as `debug`, `debug --memory.width 8`, or `runs/debug`.

    Args:
        text: the name of a preset and perhaps settings, as on a command line; or a run's directory.
        settings: of every preset that is compared; its own go before them.

    Raises:
        ConfigError: there is no such preset or setting.
        UserError: a run that is trained already is given settings.
    """
    words = _words(text)
    own, chosen = split_settings(words, reserved=())
    if len(own) != 1:
        raise UserError(
            f"{show(text)}: expected a preset and its settings in quotes, such as "
            '"debug --memory.width 8", or the directory of a run'
        )
    if (Path(own[0]) / "config.json").is_file():
        if chosen:
            raise UserError(f"{own[0]} is trained already: it can have no settings of its own")
        directory = RunDirectory.open(own[0])
        name = re.sub(r"-\d+$", "", directory.path.name)
        return Entrant(name, experiment_of(directory), directory)
    name = " ".join([own[0], *(f"{key}={value}" for key, value in chosen.items())])
    return Entrant(name, experiment_named(own[0], {**settings, **chosen}))


def told_apart(entrants: Sequence[Entrant]) -> list[Entrant]:
    """Entrants of which those of one name have the same settings, apart from the seed.

    Trained runs such as `hcam-0` and `hcam-1` are runs of one agent, `hcam`. Where their settings
    differ, each is called by its path.
    """
    settings: dict[str, list[str]] = {}
    for one in entrants:
        settings.setdefault(one.name, []).append(_settings(one.experiment))
    mixed = {name for name, found in settings.items() if len(set(found)) > 1}
    return [
        one._replace(name=str(one.trained.path)) if one.trained and one.name in mixed else one
        for one in entrants
    ]


def _settings(experiment: Experiment) -> str:
    """All that sets an agent apart: not its seed, nor how far and on what it is trained."""
    same = replace(experiment, seed=0, updates=1, checkpoint_every=1, placement=Placement())
    return json.dumps(encode(same), sort_keys=True)


def file_name(name: str) -> str:
    """A name with nothing in it that a directory's name should not have."""
    return re.sub(r"[^\w.,=+-]+", "_", name)


def grid(preset: str, over: Sequence[str]) -> list[str]:
    """One text for `entrant` for every combination of values.

    Args:
        preset: with perhaps settings of its own.
        over: settings and their values, such as `memory.width=32,64`.

    Raises:
        UserError: one is no list of values.
    """
    choices = [_choices(text) for text in over]
    for name, values in choices:
        if wide := [value for value in values if ".." in value]:
            raise UserError(f"{name}={wide[0]} is a range: give values, or --random N")
    named = [[f"--{name} {shlex.quote(value)}" for value in values] for name, values in choices]
    return [" ".join([preset, *words]) for words in itertools.product(*named)]


def drawn(preset: str, over: Sequence[str], count: int, seed: int) -> list[str]:
    """Texts for `entrant` with values drawn at random.

    Args:
        preset: with perhaps settings of its own.
        over: settings with values, such as `memory.width=32,64`, or with a range, such as
            `learner.learning_rate=1e-4..1e-2`. Ranges of numbers above 0 are drawn evenly in the
            logarithm, and whole numbers stay whole.
        count: how many.
        seed: of the draws.

    Raises:
        UserError: one is no list of values and no range.
    """
    numbers, choices = np.random.default_rng(seed), [_choices(text) for text in over]
    draw = lambda values: values[numbers.integers(len(values))]  # noqa: E731

    def text() -> str:
        chosen = ((name, _in_range(name, draw(values), numbers)) for name, values in choices)
        return " ".join([preset, *(f"--{name} {shlex.quote(value)}" for name, value in chosen)])

    return list(dict.fromkeys(text() for _ in range(count)))


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError as problem:
        raise UserError(f"{show(text)}: {problem}: close the quotes") from problem


def _choices(text: str) -> tuple[str, list[str]]:
    name, equals, values = text.removeprefix("--").partition("=")
    found = [value for value in values.split(",") if value]
    if not name or not equals or not found:
        raise UserError(
            f"--over {show(text)}: expected a setting and its values, such as memory.width=32,64"
        )
    return name, found


def _in_range(name: str, value: str, numbers: np.random.Generator) -> str:
    low, dots, high = value.partition("..")
    if not dots:
        return value
    try:
        least, most = float(low), float(high)
    except ValueError:
        least = most = math.nan
    if not least < most:
        raise ConfigError(
            f"{name}={value}: expected a range of two numbers, the lower first, such as 1e-4..1e-2"
        )
    if all(end.lstrip("-").isdigit() for end in (low, high)):
        return str(int(numbers.integers(int(low), int(high), endpoint=True)))
    if least > 0:
        return f"{math.exp(numbers.uniform(math.log(least), math.log(most))):.3g}"
    return f"{numbers.uniform(least, most):.3g}"
