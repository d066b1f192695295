"""How fast an experiment trains on this machine."""

from collections.abc import Iterator

from engrax.experiments.config import Experiment
from engrax.measuring.speed import Speed, measure
from engrax.runs.building import build_trainer
from engrax.runs.devices import settled


def benchmark(experiment: Experiment, rounds: int = 8) -> Iterator[Speed]:
    """Measures how fast an experiment's trainer is, and where its time goes.

    Args:
        experiment: what to train.
        rounds: measurements of each part, of which the quickest counts.

    Returns:
        The result so far, after every round.

    Raises:
        ConfigError: the experiment cannot be built.
    """
    trainer, _ = build_trainer(settled(experiment))
    return measure(trainer, rounds)
