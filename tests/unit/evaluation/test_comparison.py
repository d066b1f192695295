"""Means over runs against independent formulas, and their intervals against what they promise."""

import numpy as np
import pytest
from scipy import stats

from engrax.evaluation.comparison import (
    curve_with_band,
    interquartile_mean,
    interval_of,
    probability_of_improvement,
)

REPEATS = 4000


def test_the_interquartile_mean_leaves_out_the_outer_quarters():
    scores = [0.0, 5.0, 6.0, 7.0, 8.0, 100.0, 4.0, 9.0]
    assert interquartile_mean(scores).value == pytest.approx(np.mean([5.0, 6.0, 7.0, 8.0]))
    assert interquartile_mean([1.0, 2.0, 9.0]).value == pytest.approx(4.0)


def test_few_runs_get_students_interval_around_the_interquartile_mean():
    scores = np.random.default_rng(0).normal(3, 2, 7)
    expected = stats.ttest_1samp(scores, 0.0).confidence_interval(0.95)
    mean = interquartile_mean(scores)
    assert mean.ci95 is not None
    assert np.diff(mean.ci95) == pytest.approx(expected.high - expected.low)
    assert np.mean(mean.ci95) == pytest.approx(stats.trim_mean(scores, 0.25))


def test_many_runs_get_the_interval_of_a_trimmed_mean():
    """As scipy has Yuen's t for two samples: against one without spread, it is ours."""
    scores = np.random.default_rng(0).normal(3, 2, 20)
    mean = interquartile_mean(scores)
    assert mean.ci95 is not None
    winsorised = np.asarray(stats.mstats.winsorize(scores, (0.25, 0.25)))
    error = winsorised.std(ddof=1) / (0.5 * np.sqrt(20))
    assert mean.ci95[1] - mean.value == pytest.approx(stats.t.ppf(0.975, 9) * error)


def coverage(runs: int, draw, truth: float) -> float:
    """How often the interval over so many runs holds the true value."""
    mean, half = interval_of(draw((runs, REPEATS)))
    return float(np.mean(np.abs(mean - truth) <= half))


@pytest.mark.parametrize("runs", [2, 3, 5, 10, 20])
def test_the_interval_covers_what_it_says_where_scores_are_normal(runs: int):
    draws = np.random.default_rng(runs)
    assert 0.92 <= coverage(runs, lambda shape: draws.normal(1.5, 1, shape), 1.5) <= 0.965


@pytest.mark.parametrize("runs", [3, 5, 10])
def test_the_interval_covers_what_is_documented_where_they_are_not(runs: int):
    draws = np.random.default_rng(runs)
    skewed = lambda shape: draws.beta(5, 1, shape)  # noqa: E731
    some_learn = lambda shape: (draws.random(shape) < 0.6) + draws.normal(0, 0.05, shape)  # noqa: E731
    for draw, low, high in ((skewed, 0.88, 0.95), (some_learn, 0.70, 0.92)):
        truth = float(np.mean(interval_of(draw((runs, 100_000)))[0]))
        assert low <= coverage(runs, draw, truth) <= high


@pytest.mark.parametrize(("ours", "theirs"), [(3, 3), (3, 5), (10, 10)])
@pytest.mark.parametrize("probability", [0.5, 0.7, 0.9])
def test_the_probabilitys_interval_covers_at_least_what_it_says(
    ours: int, theirs: int, probability: float
):
    draws = np.random.default_rng(0)
    shift = stats.norm.ppf(probability) * np.sqrt(2)
    pairs = ((draws.normal(shift, 1, ours), draws.normal(0, 1, theirs)) for _ in range(1000))
    intervals = [probability_of_improvement(*pair).ci95 for pair in pairs]
    held = [ends is not None and ends[0] <= probability <= ends[1] for ends in intervals]
    assert np.mean(held) >= 0.94


def test_one_run_says_nothing_of_other_runs():
    assert interquartile_mean([0.7]) == (0.7, None)
    assert probability_of_improvement([0.7], [0.5, 0.6]) == (1.0, None)


def test_improvement_is_the_share_of_pairs_and_ties_count_half():
    ours, theirs = [3.0, 2.0, 1.0], [2.0, 0.0]
    pairs = [(a > b) + 0.5 * (a == b) for a in ours for b in theirs]
    chance = probability_of_improvement(ours, theirs)
    assert chance.value == pytest.approx(np.mean(pairs))
    assert chance.value == pytest.approx(stats.mannwhitneyu(ours, theirs).statistic / 6)
    assert chance.ci95 is not None
    assert 0 <= chance.ci95[0] <= chance.value <= chance.ci95[1] <= 1


def test_three_runs_that_all_win_do_not_prove_a_certainty():
    low, high = probability_of_improvement([3.0, 4.0, 5.0], [0.0, 1.0, 2.0]).ci95 or (1.0, 1.0)
    assert low < 0.5
    assert high == 1.0


def test_curves_are_compared_where_all_runs_have_been():
    steps = [[0.0, 10.0, 20.0], [5.0, 10.0, 15.0]]
    grid, mean, band = curve_with_band(steps, [[0.0, 1.0, 2.0], [1.0, None, 3.0]], window=1)
    assert (grid[0], grid[-1]) == (5.0, 15.0)
    np.testing.assert_allclose(mean[[0, -1]], [(0.5 + 1.0) / 2, (1.5 + 3.0) / 2])
    assert band is not None
    half = stats.t.ppf(0.975, 1) * np.std([0.5, 1.0], ddof=1) / np.sqrt(2)
    np.testing.assert_allclose(band[:, 0], [0.75 - half, 0.75 + half])
    assert curve_with_band(steps[:1], [[0.0, 1.0, 2.0]], window=1)[2] is None
