"""Several runs of several agents: how well each does over its seeds, and how sure one may be of who is better.

Source: Agarwal et al. 2021, arXiv 2108.13264: interquartile means, bootstrap intervals, probability of improvement.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float
from scipy import stats

from engrax.evaluation.statistics import Mean, smooth

RESAMPLES = 2000
POINTS = 200
"""Places along the steps at which curves are compared."""


def interquartile_mean(scores: Sequence[float] | np.ndarray) -> Mean:
    """The mean of the middle half of the runs, with its 95 % bootstrap interval over runs.

    Of fewer than four runs none is left out. The interval is by percentiles: with three runs it cannot be wider than
    they are.

    Args:
        scores: one a run.

    Returns:
        The mean and its interval; no interval for a single run.
    """
    runs = np.asarray(scores, np.float64)
    return Mean(float(_middle(runs)), _interval((runs,), _middle) if runs.size > 1 else None)


def probability_of_improvement(ours: Sequence[float] | np.ndarray, theirs: Sequence[float] | np.ndarray) -> Mean:
    """How likely a run of ours is to score more than one of theirs; a tie counts half.

    Args:
        ours: scores, one a run.
        theirs: likewise.

    Returns:
        The share of all pairs, and its 95 % bootstrap interval over runs; no interval for a single run of either.
    """
    a, b = np.asarray(ours, np.float64), np.asarray(theirs, np.float64)
    interval = _interval((a, b), _share_won) if min(a.size, b.size) > 1 else None
    return Mean(float(_share_won(a, b)), interval)


def curve_with_band(
    steps: Sequence[Sequence[float]], values: Sequence[Sequence[float | None]], window: int
) -> tuple[Float[np.ndarray, " p"], Float[np.ndarray, " p"], Float[np.ndarray, "2 p"] | None]:
    """The interquartile mean of several runs' curves, along the steps that all of them have made.

    Args:
        steps: of each run, increasing.
        values: of each run, measured there; None where nothing was.
        window: how many points of each run to smooth over.

    Returns:
        Steps, the mean there, and the lower and upper end of its 95 % bootstrap interval; None for a single run.
    """
    grid = np.linspace(max(each[0] for each in steps), min(each[-1] for each in steps), POINTS)
    runs = np.stack([_along(grid, *each, window) for each in zip(steps, values, strict=True)])
    mean = np.asarray(_middle(runs, axis=0))
    if len(runs) == 1:
        return grid, mean, None
    band, differ = np.stack([mean, mean]), np.ptp(runs, axis=0) > 0  # elsewhere there is nothing to resample
    if differ.any():
        band[:, differ] = _bootstrap((runs[:, differ],), _middle)
    return grid, mean, band


def _along(grid: np.ndarray, steps: Sequence[float], values: Sequence[float | None], window: int) -> np.ndarray:
    smoothed = smooth(values, window)
    there = np.isfinite(smoothed)
    return np.interp(grid, np.asarray(steps, np.float64)[there], smoothed[there])


def _middle(runs: np.ndarray, axis: int = -1) -> np.ndarray | np.floating:
    return stats.trim_mean(runs, 0.25, axis=axis)


def _share_won(a: np.ndarray, b: np.ndarray, axis: int = -1) -> np.ndarray | np.floating:
    del axis  # runs are along the last one
    ours, theirs = a[..., :, None], b[..., None, :]
    return np.mean((ours > theirs) + 0.5 * (ours == theirs), axis=(-2, -1))


def _interval(samples: tuple[np.ndarray, ...], statistic: Callable[..., Any]) -> tuple[float, float]:
    if all(np.ptp(sample) == 0 for sample in samples):
        value = float(statistic(*samples))
        return value, value
    low, high = _bootstrap(samples, statistic)
    return float(low), float(high)


def _bootstrap(samples: tuple[np.ndarray, ...], statistic: Callable[..., Any], axis: int = 0) -> Any:
    """The 2.5 and the 97.5 percentile of a statistic of samples drawn anew, always alike."""
    drawn = stats.bootstrap(
        samples, statistic, n_resamples=RESAMPLES, axis=axis, method="percentile", rng=np.random.default_rng(0)
    )
    return drawn.confidence_interval
