"""How fast an experiment trains on this machine."""

from collections.abc import Callable

from engrax.experiments.config import Experiment
from engrax.measuring.speed import Speed, measure
from engrax.runs.building import build_trainer


def benchmark(
    experiment: Experiment, rounds: int = 8, progress: Callable[[Speed], object] | None = None
) -> Speed:
    """Measures how fast an experiment's trainer is.

    Args:
        experiment: what to train.
        rounds: measurements of each part, of which the quickest counts.
        progress: called after every round with the result so far.

    Returns:
        Speed, and the shares of environment, acting and learning.

    Raises:
        ConfigError: the experiment cannot be built.
    """
    trainer, _ = build_trainer(experiment)
    *_, last = (_reported(speed, progress) for speed in measure(trainer, rounds))
    return last


def _reported(speed: Speed, progress: Callable[[Speed], object] | None) -> Speed:
    if progress is not None:
        progress(speed)
    return speed
