"""Distributions over each kind of action, over any leading axes.

`POLICIES` maps a kind of action to its distribution. A policy head needs `policy_size(actions)`
outputs, and `make_policy(actions, outputs)` makes the distribution of them.
"""

from jaxtyping import Array, Float

from engrax.nn.policies.base import AbstractPolicy
from engrax.nn.policies.categorical import Categorical, Factored
from engrax.nn.policies.squashed_normal import SquashedNormal
from engrax.types import Actions, Continuous, Discrete, MultiDiscrete

POLICIES: dict[type[Actions], type[AbstractPolicy]] = {
    Discrete: Categorical,
    MultiDiscrete: Factored,
    Continuous: SquashedNormal,
}
"""The distribution over each kind of action; other packages may add to it."""


def policy_class(actions: Actions) -> type[AbstractPolicy]:
    """The distribution over a kind of action.

    Raises:
        ValueError: there is none.
    """
    if type(actions) not in POLICIES:
        known = ", ".join(kind.__name__ for kind in POLICIES)
        raise ValueError(
            f"actions are {actions}, expected one of {known}: add the kind to "
            "engrax.nn.policies.POLICIES"
        )
    return POLICIES[type(actions)]


def policy_size(actions: Actions) -> int:
    """The number of outputs of a policy head."""
    return policy_class(actions).size(actions)


def make_policy(actions: Actions, outputs: Float[Array, "*t o"]) -> AbstractPolicy:
    """The policy made of a head's outputs."""
    return policy_class(actions).of(actions, outputs)


__all__ = [
    "POLICIES",
    "AbstractPolicy",
    "Categorical",
    "Factored",
    "SquashedNormal",
    "make_policy",
    "policy_class",
    "policy_size",
]
