"""The scores of a comparison on terminals of any width: names are never broken."""

import io

import pytest
from rich.console import Console

from engrax.cli.tables import print_scores
from engrax.runs.scoreboard import Agent, ScoredRun

NAMES = ("merlin-memory-game-3-pairs", "hcam-ballet-laptop")
LEVEL = "num_dancers=4 dance_delay=48 (not trained on)"


def printed(width: int) -> str:
    scores = {LEVEL: {"mean_return": 0.512, "success_rate": None, "chance": 0.25}}
    agents = [Agent(name, (ScoredRun(name, [], 1, scores),) * 3) for name in NAMES]
    console = Console(width=width, file=io.StringIO())
    print_scores(agents, console)
    return console.file.getvalue()


@pytest.mark.parametrize("width", [20, 60, 80, 120, 300])
def test_no_word_is_broken(width: int):
    words = printed(width).split()
    for part in (*NAMES, "num_dancers=4", "dance_delay=48", "0.512", "interquartile"):
        assert part in words


def test_what_fits_is_a_table_and_what_does_not_a_list():
    assert len(printed(300).splitlines()) == 3
    narrow = printed(60).splitlines()
    assert narrow[:3] == [f"level {LEVEL}", f"  {NAMES[0]}", "    interquartile mean: 0.512"]
