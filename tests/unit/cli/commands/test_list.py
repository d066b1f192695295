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
        "gymnasium",
        "gymnax",
        "hidden_objects",
        "key_to_door",
        "memory_game",
        "mixture",
        "recall",
        "tmaze",
        "visual_match",
        "word_learning",
    ]
    assert found["presets"] == list(PRESETS)
    assert "hcam-ballet-laptop" in engrax_cli("list").out
