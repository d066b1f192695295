"""The previous action and the previous reward as features."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from engrax.nn.policies import policy_class
from engrax.types import Action, Actions, AgentInput


def code_size(actions: Actions) -> int:
    """The width of an action's code."""
    return policy_class(actions).code_size(actions)


def action_code(actions: Actions, action: Action) -> Float[Array, "*t c"]:
    """The code of an action: one-hot where it is discrete, scaled to -1..1 where it is
    continuous.
    """
    return policy_class(actions).code(actions, action)


def past_parts(actions: Actions) -> dict[str, int]:
    """The parts of `past_features` and their widths."""
    return {"previous_action": code_size(actions), "first": 1, "previous_reward": 1}


def past_size(actions: Actions) -> int:
    """The width of `past_features`."""
    return sum(past_parts(actions).values())


def past_features(inps: AgentInput, actions: Actions) -> Float[Array, "*t p"]:
    """The code of the previous action, whether there was none, and the previous reward; at `first`
    0, 1 and 0.
    """
    first = inps.first[..., None]
    code = jnp.where(first, 0.0, action_code(actions, inps.previous_action))
    reward = jnp.where(first, 0.0, inps.previous_reward[..., None])
    return jnp.concatenate([code, first.astype(jnp.float32), reward], axis=-1)
