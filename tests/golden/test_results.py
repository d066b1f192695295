"""Published results still say what they said, on other episodes."""

from math import sqrt
from pathlib import Path

import pytest

from engrax.runs.evaluating import evaluate

RESULTS = Path(__file__).parents[2] / "results"
PUBLISHED = {
    "hcam-ballet-2_delay16": (0.962, 0.2),
    "hcam-ballet-delay16": (0.861, 0.36),
    "hcam-ballet-demo": (1.000, 0.06),
    "hcam-ballet-levels": (0.965, 0.2),
    "merlin-memory-game-3-pairs": (2.970, 0.2),
    "merlin-memory-game-3-pairs-pixels": (2.957, 0.24),
    "merlin-memory-game-8-pairs": (7.815, 0.42),
}
"""Mean return, and the standard deviation of an episode's."""
EPISODES = 400


def test_every_result_has_its_figure_here():
    assert {path.name for path in RESULTS.iterdir()} == set(PUBLISHED)


@pytest.mark.slow
@pytest.mark.parametrize("name", PUBLISHED)
def test_results_can_be_had_again(name):
    """Within four standard errors of the difference to a figure over 1,000 episodes."""
    result = evaluate(RESULTS / name, episodes=EPISODES, seed=77)
    figure, deviation = PUBLISHED[name]
    assert abs(result.returns.value - figure) < 4 * deviation * sqrt(1 / EPISODES + 1 / 1000)
