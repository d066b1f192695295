"""Intervals against scipy, and against what they promise."""

import numpy as np
import pytest
from scipy import stats

from engrax.evaluation.statistics import mean_ci95, smooth


@pytest.mark.parametrize(
    ("successes", "trials"), [(0, 1), (1, 1), (0, 20), (20, 20), (7, 20), (431, 500)]
)
def test_outcomes_of_zero_and_one_get_wilsons_interval(successes: int, trials: int):
    sample = np.arange(trials) < successes
    expected = stats.binomtest(successes, trials).proportion_ci(method="wilson")
    mean = mean_ci95(sample)
    assert mean.value == pytest.approx(successes / trials)
    assert mean.ci95 == pytest.approx((expected.low, expected.high))
    assert mean.ci95 is not None
    assert 0 <= mean.ci95[0] <= mean.value <= mean.ci95[1] <= 1


def test_other_outcomes_get_students_interval():
    sample = np.random.default_rng(0).normal(3, 2, 25)
    expected = stats.ttest_1samp(sample, 0.0).confidence_interval(0.95)
    assert mean_ci95(sample).ci95 == pytest.approx((expected.low, expected.high))


def test_the_interval_covers_the_true_mean_as_often_as_it_says():
    draws = np.random.default_rng(0)
    normal = [mean_ci95(draws.normal(1.5, 1, 10)).ci95 for _ in range(1000)]
    coin = [mean_ci95(draws.random(100) < 0.9).ci95 for _ in range(1000)]
    assert np.mean([ci is not None and ci[0] <= 1.5 <= ci[1] for ci in normal]) == pytest.approx(
        0.95, abs=0.02
    )
    assert np.mean([ci is not None and ci[0] <= 0.9 <= ci[1] for ci in coin]) == pytest.approx(
        0.95, abs=0.025
    )


def test_one_outcome_has_no_interval():
    assert mean_ci95(np.array([2.5])) == (2.5, None)


def test_equal_outcomes_have_an_interval_of_no_width():
    assert mean_ci95(np.full(5, 2.5)) == (2.5, (2.5, 2.5))


@pytest.mark.parametrize("sample", [[], [1.0, np.nan], [np.inf]])
def test_a_sample_that_says_nothing_is_refused(sample: list[float]):
    with pytest.raises(ValueError, match="at least one outcome"):
        mean_ci95(np.array(sample))


def test_smoothing_takes_the_mean_of_what_is_there_on_both_sides():
    smoothed = smooth([None, 1.0, 3.0, None, None, None, 5.0], 3)
    np.testing.assert_allclose(smoothed, [1, 2, 2, 3, np.nan, 5, 5])


def test_smoothing_does_not_lag():
    ramp = np.arange(100.0)
    np.testing.assert_allclose(smooth(ramp, 20)[9:-9], ramp[9:-9])
    step = (np.arange(101) >= 50).astype(float)
    assert np.flatnonzero(smooth(step, 21) >= 0.5)[0] == 50
    noise = np.random.default_rng(0).normal(size=50)
    np.testing.assert_allclose(smooth(noise[::-1], 7)[::-1], smooth(noise, 7))


def test_a_window_of_one_changes_nothing():
    np.testing.assert_array_equal(smooth(np.array([1.0, 2.0]), 1), [1.0, 2.0])


def test_a_window_of_nothing_is_refused():
    with pytest.raises(ValueError, match="window 0"):
        smooth([1.0], 0)
