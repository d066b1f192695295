"""Which distribution belongs to which kind of action."""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from engrax.nn.policies import (
    POLICIES,
    Categorical,
    Factored,
    SquashedNormal,
    make_policy,
    policy_class,
    policy_size,
)
from engrax.types import Continuous, Discrete, MultiDiscrete, Policy

KINDS = {
    Discrete(4): (Categorical, 4),
    MultiDiscrete((2, 3)): (Factored, 5),
    Continuous((0.0, -1.0, 2.0), (1.0, 1.0, 5.0)): (SquashedNormal, 6),
}


@pytest.mark.parametrize(("actions", "expected"), KINDS.items())
def test_each_kind_of_action_has_a_policy(actions, expected):
    kind, size = expected
    assert policy_class(actions) is kind
    assert policy_size(actions) == size
    outputs = jax.random.normal(jax.random.key(0), (7, size))
    policy = make_policy(actions, outputs)
    assert isinstance(policy, kind)
    assert isinstance(policy, Policy)
    assert policy.features().shape == (7, size)
    assert policy.entropy().shape == (7,)
    for action in (policy.mode(), policy.sample(jax.random.key(1))):
        assert (action.shape, action.dtype) == ((7, *actions.shape), actions.dtype)
        low, high = actions.bounds
        assert np.all((np.asarray(action) >= low) & (np.asarray(action) <= high))
        assert policy.log_probability(action).shape == (7,)
        assert kind.code(actions, action).shape == (7, kind.code_size(actions))


@pytest.mark.parametrize("actions", KINDS)
def test_leading_axes_do_not_mix(actions):
    outputs = jax.random.normal(jax.random.key(2), (2, 3, policy_size(actions)))
    whole = make_policy(actions, outputs)
    alone = make_policy(actions, outputs[1, 2])
    np.testing.assert_array_equal(whole.mode()[1, 2], alone.mode())
    np.testing.assert_allclose(whole.entropy()[1, 2], alone.entropy(), rtol=1e-6)
    taken = whole.mode()
    np.testing.assert_allclose(
        whole.log_probability(taken)[1, 2], alone.log_probability(taken[1, 2]), rtol=1e-5
    )


def test_every_kind_is_tried():
    assert {type(actions) for actions in KINDS} == set(POLICIES)


@dataclass(frozen=True)
class Steps(Discrete):
    """A kind of action of another package."""


@pytest.mark.parametrize("use", [policy_class, policy_size, lambda a: make_policy(a, jnp.zeros(3))])
def test_an_unknown_kind_is_named(use):
    with pytest.raises(
        ValueError, match=r"actions are Steps\(size=3\), expected one of Discrete"
    ) as e:
        use(Steps(3))
    assert "engrax.nn.policies.POLICIES" in str(e.value)


def test_a_kind_can_be_added(monkeypatch):
    monkeypatch.setitem(POLICIES, Steps, Categorical)
    assert make_policy(Steps(3), jnp.zeros(3)).entropy() == pytest.approx(np.log(3))
