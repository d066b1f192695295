"""Published results still say what they said, on other episodes."""

from math import sqrt
from pathlib import Path
from typing import NamedTuple

import pytest

from engrax.runs.evaluating import evaluate

RESULTS = Path(__file__).parents[2] / "results"


class Figure(NamedTuple):
    """A published mean return over 1,000 episodes.

    Attributes:
        mean: as the result's README has it.
        deviation: the standard deviation of an episode's return.
        episodes: played here; fewer where the environment is not compiled.
    """

    mean: float
    deviation: float
    episodes: int = 400


PUBLISHED = {
    "hcam-ballet-2_delay16": Figure(0.962, 0.2),
    "hcam-ballet-delay16": Figure(0.861, 0.36),
    "hcam-ballet-demo": Figure(1.000, 0.06),
    "hcam-ballet-levels": Figure(0.965, 0.2),
    "hcam-cartpole-hidden": Figure(499.974, 5.0, 50),
    "hcam-hidden-objects": Figure(0.999, 0.04),
    "hcam-key-to-door-demo": Figure(17.524, 0.93),
    "hcam-key-to-door": Figure(13.041, 0.3),
    "hcam-visual-match": Figure(11.569, 1.72),
    "hcam-visual-match-no-reconstruction": Figure(9.372, 4.15),
    "hcam-word-learning": Figure(1.967, 0.83),
    "hcam-word-learning-seed-1": Figure(1.998, 0.82),
    "hcam-word-learning-no-reconstruction": Figure(1.297, 1.0),
    "gtrxl-word-learning": Figure(0.656, 0.73),
    "gtrxl-hidden-objects": Figure(0.430, 0.5),
    "hcam-hidden-objects-no-reconstruction": Figure(0.622, 0.49),
    "hcam-hidden-objects-seed-1": Figure(0.990, 0.1),
    "hcam-hidden-objects-seed-2": Figure(0.984, 0.13),
    "hcam-word-learning-seed-2": Figure(1.834, 0.89),
    "hcam-word-learning-reach-2": Figure(2.018, 0.8),
    "merlin-visuomotor-demo": Figure(10.366, 1.7),
    "merlin-visuomotor": Figure(58.685, 2.6),
    "rl-mem-visuomotor": Figure(36.795, 24.0),
    "merlin-latent-tmaze-demo": Figure(1.996, 0.08),
    "merlin-latent-tmaze": Figure(1.942, 0.24),
    "merlin-wayfinding-demo": Figure(8.475, 4.1),
    "lstm-wayfinding": Figure(34.992, 17.9),
    "lstm-word-learning": Figure(1.533, 0.92),
    "lstm-hidden-objects": Figure(0.418, 0.5),
    "hcam-minigrid-memory-s13": Figure(0.983, 0.02, 50),
    "gtrxl-minigrid-memory-s13": Figure(0.828, 0.2, 50),
    "hcam-minigrid-memory-s13-seed-1": Figure(0.974, 0.07, 50),
    "hcam-minigrid-memory-s13-seed-2": Figure(0.976, 0.07, 50),
    "hcam-popgym-repeat-previous-easy": Figure(1.000, 0.01, 50),
    "hcam-minigrid-memory-s7": Figure(0.977, 0.02, 50),
    "hcam-minigrid-memory-s7-view-3": Figure(0.964, 0.05, 50),
    "hcam-tmaze": Figure(0.999, 0.06, 100),
    "hcam-tmaze-seed-2": Figure(0.996, 0.08, 100),
    "lstm-tmaze": Figure(0.595, 0.5, 100),
    "lstm-cartpole-hidden": Figure(500.0, 5.0, 50),
    "lstm-minigrid-memory-s13": Figure(0.499, 0.49, 50),
    "lstm-minigrid-memory-s7": Figure(0.975, 0.04, 50),
    "lstm-minigrid-memory-s7-view-3": Figure(0.483, 0.49, 50),
    "lstm-pendulum-hidden": Figure(-170.2, 102.0, 50),
    "merlin-memory-game-3-pairs": Figure(2.970, 0.2),
    "merlin-memory-game-3-pairs-pixels": Figure(2.957, 0.24),
    "merlin-memory-game-8-pairs": Figure(7.815, 0.42),
    "none-cartpole-hidden": Figure(80.83, 26.5, 50),
    "none-minigrid-memory-s7": Figure(0.974, 0.04, 50),
    "none-minigrid-memory-s7-view-3": Figure(0.476, 0.49, 50),
    "none-pendulum-hidden": Figure(-961.6, 360.0, 50),
}


def test_every_result_has_its_figure_here():
    assert {path.name for path in RESULTS.iterdir()} == set(PUBLISHED)


@pytest.mark.slow
@pytest.mark.parametrize("name", PUBLISHED)
def test_results_can_be_had_again(name):
    """Within four standard errors of the difference to a figure over 1,000 episodes."""
    figure, deviation, episodes = PUBLISHED[name]
    result = evaluate(RESULTS / name, episodes=episodes, seed=77)
    assert abs(result.returns.value - figure) < 4 * deviation * sqrt(1 / episodes + 1 / 1000)
