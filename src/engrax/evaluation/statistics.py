"""Means of episodes with confidence intervals."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from scipy.special import stdtrit

_Z = 1.959963984540054
"""The 97.5 % point of the normal distribution."""


class Mean(NamedTuple):
    """A mean and its 95 % confidence interval; the interval is None where the sample says nothing
    of it.

    Attributes:
        value: the mean of the sample.
        ci95: the lower and the upper end.
    """

    value: float
    ci95: tuple[float, float] | None


def mean_ci95(sample: np.ndarray) -> Mean:
    """The mean of independent outcomes with a 95 % confidence interval.

    Outcomes that are all 0 or 1 get Wilson's interval, which is accurate near 0 and 1 and stays
    within them (Wilson, 1927). Any others get Student's t interval: right for normal outcomes, and
    near it for means of some dozens.

    Args:
        sample: one number an episode, [n].

    Returns:
        The mean and the interval; no interval for a single outcome that is not 0 or 1.

    Raises:
        ValueError: the sample is empty, or holds a number that is not finite.
    """
    sample = np.asarray(sample, np.float64).reshape(-1)
    if not sample.size or not np.isfinite(sample).all():
        raise ValueError(
            f"expected at least one outcome, all finite; got {sample.size} outcomes: {sample[:5]}"
        )
    mean = float(sample.mean())
    if np.isin(sample, (0.0, 1.0)).all():
        return Mean(mean, wilson_ci95(mean, sample.size))
    return Mean(mean, student_ci95(sample) if sample.size > 1 else None)


def span(ends: Sequence[float]) -> str:
    """An interval in words."""
    return f"{ends[0]:.3f} to {ends[1]:.3f}"


def wilson_ci95(rate: float, trials: int) -> tuple[float, float]:
    """Wilson's score interval of a probability, at 95 %.

    Args:
        rate: the share of successes, 0 to 1.
        trials: how many trials, at least 1.

    Returns:
        The lower and the upper end.
    """
    shrink = 1 + _Z**2 / trials
    centre = (rate + _Z**2 / (2 * trials)) / shrink
    half = _Z / shrink * math.sqrt(rate * (1 - rate) / trials + _Z**2 / (4 * trials**2))
    # The interval touches 0 and 1 exactly where no outcome differed; rounding would step past them.
    return (0.0 if rate == 0 else centre - half, 1.0 if rate == 1 else centre + half)


def student_ci95(sample: np.ndarray) -> tuple[float, float]:
    """Student's t interval of a mean, at 95 %.

    Args:
        sample: outcomes, [n], n at least 2.

    Returns:
        The lower and the upper end.
    """
    half = (
        float(stdtrit(sample.size - 1, 0.975)) * float(sample.std(ddof=1)) / math.sqrt(sample.size)
    )
    return float(sample.mean()) - half, float(sample.mean()) + half


def smooth(values: Sequence[float | None] | np.ndarray, window: int) -> Float[np.ndarray, " n"]:
    """The mean of the values that are there around each point, as many before it as after it.

    Centred, so that the smoothed series does not lag behind; at either end of the series the window
    holds what there is of it.

    Args:
        values: a series, [n]; None or NaN where nothing was measured.
        window: how many points to look at; of an even number, one less.

    Returns:
        The smoothed series; NaN where there was nothing in the window.

    Raises:
        ValueError: the window is less than 1.
    """
    if window < 1:
        raise ValueError(f"window {window} must be at least 1")
    series = np.asarray([np.nan if value is None else value for value in values], np.float64)
    there, side = np.isfinite(series), (window - 1) // 2
    total = _sum_around(np.where(there, series, 0.0), side)
    count = _sum_around(there.astype(np.float64), side)
    return np.divide(total, count, out=np.full_like(series, np.nan), where=count > 0)


def _sum_around(values: np.ndarray, side: int) -> np.ndarray:
    sums = np.concatenate([np.zeros(1), np.cumsum(values)])
    points = np.arange(len(values))
    ends = np.minimum(points + side + 1, len(values))
    return sums[ends] - sums[np.maximum(points - side, 0)]
