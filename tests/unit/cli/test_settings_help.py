"""The list of settings that `--help` prints: whole names, wrapped explanations."""

import pytest

from engrax.cli.settings_help import settings_help
from engrax.experiments import Experiment
from engrax.experiments.codec import encode
from engrax.experiments.presets import PRESETS
from engrax.experiments.settings import list_settings


@pytest.mark.parametrize("width", [1, 40, 80, 200])
def test_names_and_values_are_never_cut(width: int):
    experiment = PRESETS["merlin-memory-game-3-pairs-pixels"]
    settings = list(list_settings(Experiment, encode(experiment)))
    short, *lines = settings_help(experiment, width).splitlines()
    assert short == "(--memory is short for --agent.store)"
    named = [line for line in lines if line.startswith("  --")]
    assert named == [f"  --{setting.path} {setting.value}" for setting in settings]
    assert "  --learner.learning_rate_ramp.updates 2500" in named


@pytest.mark.parametrize("width", [40, 80])
def test_explanations_are_wrapped_and_complete(width: int):
    short, *lines = settings_help(PRESETS["debug"], width).splitlines()
    assert short == "(--memory is short for --agent.memory)"
    explained = [line for line in lines if not line.startswith("  --")]
    assert all(line.startswith("      ") for line in explained)
    words = " ".join(" ".join(line.split()) for line in explained)
    assert "INT: Chunks that a step attends to in detail." in words
    assert max(map(len, explained), default=0) <= max(
        width, max(len(word) for word in words.split()) + 6
    )
