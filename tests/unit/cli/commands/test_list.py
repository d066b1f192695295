"""`engrax list`: all names, and a line on every preset."""

import json
from typing import Any

from engrax.experiments.presets import PRESETS


def test_list_names_what_there_is(engrax_cli: Any):
    line = engrax_cli("list", "--json").out
    assert line.count("\n") == 1
    found = json.loads(line)
    assert list(found) == ["memories", "agents", "tasks", "presets"]
    assert "hcam" in found["memories"]
    assert found["tasks"] == [
        "ballet",
        "errands",
        "gymnasium",
        "gymnax",
        "hidden_objects",
        "key_to_door",
        "latent_tmaze",
        "memory_game",
        "mixture",
        "recall",
        "tasting",
        "tmaze",
        "visual_match",
        "visuomotor_mapping",
        "water_mazes",
        "wayfinding",
        "word_learning",
    ]
    assert found["presets"] == list(PRESETS)
    assert "hcam-ballet-laptop" in engrax_cli("list").out
