"""Shares of attention by age and by event, against sums by hand."""

import numpy as np
import pytest

from engrax.viewing.recollection import age_class, evenly, kinds, recollection, span_of

from .episodes import nothing_recalled, scripted


def episode():
    """Four steps; the last two decide, and recall steps 0 to 2."""
    ago = np.array([[1, 2, 3], [1, 2, 3], [1, 2, 3], [1, 2, 3]])
    weights = np.zeros((4, 3))
    weights[2] = [0.25, 0.75, 0.0]
    weights[3] = [0.5, 0.0, 0.5]
    valid = ago <= np.arange(4)[:, None]
    reward = np.array([0.0, 1.0, 0.0, 0.0])
    effective = np.array([False, False, True, True])
    return scripted(weights, ago, valid=valid, effective=effective, reward=reward)


def test_shares_are_means_over_decisions():
    found = recollection([episode(), episode()])
    assert found is not None
    assert (found.decisions, found.episodes) == (4, 2)
    ages = {share.name: (share.attention, share.even) for share in found.ages}
    assert list(ages) == ["1", "2", "3 to 4"]
    np.testing.assert_allclose(ages["1"], [(0.25 + 0.5) / 2, (1 / 2 + 1 / 3) / 2], atol=1e-6)
    np.testing.assert_allclose(ages["2"], [0.75 / 2, (1 / 2 + 1 / 3) / 2], atol=1e-6)
    np.testing.assert_allclose(ages["3 to 4"], [0.25, 1 / 6], atol=1e-6)
    events = {share.name: share.attention for share in found.events}
    assert events == pytest.approx(
        {"first step": (0.75 + 0.5) / 2, "reward": 0.25 / 2, "decision": 0.25, "other": 0.0}
    )


def test_events_of_the_environment_come_first():
    one = episode()._replace(event=np.array([1, 0, 1, 0]))
    found = recollection([one], ("left", "right"))
    assert found is not None
    assert [share.name for share in found.events] == ["left", "right"]
    assert found.events[0].attention == pytest.approx(0.25 / 2)
    assert found.events[1].attention == pytest.approx(1.0 - 0.25 / 2)


def test_even_attention_is_over_all_that_is_remembered():
    np.testing.assert_allclose(evenly(episode(), 2), [0.5, 0.5, 0.0, 0.0])
    np.testing.assert_allclose(evenly(episode(), 0), 0.0)
    assert kinds(episode()).tolist() == [0, 1, 2, 2]


def test_nothing_recalled_is_nothing_to_sum_up():
    assert recollection([scripted(*nothing_recalled(4))]) is None


def test_ages_double():
    spans = {span_of(index): None for index in age_class(np.arange(1, 18)).tolist()}
    assert list(spans) == ["1", "2", "3 to 4", "5 to 8", "9 to 16", "17 to 32"]
