"""IMPALA's loss against slow loops, and its settings."""

import numpy as np
import pytest

from engrax.algorithms import IMPALA

from .loops import check_loss, effective_of, ratios, transitions
from oracles import learners as oracle

LEARNER = IMPALA(
    minibatches=2,
    only_effective=True,
    entropy_cost=0.03,
    trace_lambda=0.9,
    value_clip=1.1,
    trace_clip=0.9,
)


def test_the_loss_equals_the_oracle(played, replayed):
    """Where an action had no effect its ratio is 1: nothing is corrected."""
    segments, (_, logits, values), results = played[1], replayed, []
    for b in range(4):
        off_policy = ratios(segments, logits, b)
        rewards, discounts, void = transitions(segments, b, 0.99)
        returns, advantages = oracle.vtrace(
            rewards, discounts, values[b], void, off_policy, 0.9, 1.1, 0.9
        )
        results.append((advantages, returns))
    targets = [np.stack(part) for part in zip(*results, strict=True)]
    check_loss(LEARNER, oracle.policy_gradient, targets, played, replayed)


def test_some_ratios_of_the_segments_are_clipped_and_some_are_not(played, replayed):
    found = np.concatenate([ratios(played[1], replayed[1], b) for b in range(4)])
    found = found[effective_of(played[1]).ravel()]
    assert (found > 1.1).any()
    assert ((found < 0.9) & (found > 0)).any()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"trace_lambda": 1.5}, "trace_lambda is 1.5, expected 0 to 1"),
        ({"trace_clip": 0.0}, "trace_clip is 0.0, expected more than 0"),
        ({"value_clip": -1.0}, "value_clip is -1.0, expected more than 0"),
    ],
)
def test_settings_that_make_no_sense_are_named(wrong, message):
    with pytest.raises(ValueError, match=message):
        IMPALA(**wrong)
