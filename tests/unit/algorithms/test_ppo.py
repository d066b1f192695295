"""PPO's loss against slow loops, and its settings."""

import jax.numpy as jnp
import numpy as np
import pytest

from engrax.algorithms import PPO
from engrax.algorithms.ppo import normalised

from .loops import check_loss, effective_of, ratios, transitions
from oracles import learners as oracle

LEARNER = PPO(minibatches=2, only_effective=True, entropy_cost=0.03, gae_lambda=0.9)


def test_the_loss_equals_the_oracle(played, replayed):
    """Advantages are normalised over the steps that train the policy; returns are not."""
    segments, effective = played[1], effective_of(played[1])
    values = np.asarray(segments.values, np.float64)
    advantages = np.stack([
        oracle.advantages(*transitions(segments, b, 0.99)[:2], values[b], segments.void[b], 0.9)
        for b in range(4)
    ])  # fmt: skip
    counted = advantages[effective]
    targets = (advantages - counted.mean()) / counted.std(), advantages + values[:, :-1]
    check_loss(LEARNER, oracle.surrogate, targets, played, replayed)


def test_some_ratios_of_the_segments_are_clipped_and_some_are_not(played, replayed):
    found = np.concatenate([ratios(played[1], replayed[1], b) for b in range(4)])
    found = found[effective_of(played[1]).ravel()]
    assert (found > 1.2).any()
    assert (found < 0.8).any()
    assert ((found > 0.8) & (found < 1.2)).any()


def test_normalised_advantages_have_mean_0_and_variance_1_where_the_policy_learns():
    mask = jnp.asarray([1.0, 0.0, 1.0, 1.0])
    result = np.asarray(normalised(jnp.asarray([1.0, 99.0, 4.0, 7.0]), mask))[[0, 2, 3]]
    np.testing.assert_allclose([result.mean(), result.var()], [0, 1], atol=1e-5)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"clip": 0.0}, "clip is 0.0, expected more than 0"),
        ({"gae_lambda": 1.5}, "gae_lambda is 1.5"),
    ],
)
def test_settings_that_make_no_sense_are_named(wrong, message):
    with pytest.raises(ValueError, match=message):
        PPO(**wrong)
