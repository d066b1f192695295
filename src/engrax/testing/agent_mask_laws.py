"""The law of agents where not every action is possible at every step."""

import jax
import jax.numpy as jnp
import numpy as np

from engrax.agents.base import AbstractAgent
from engrax.nn.policies import policy_class
from engrax.testing.agent_runs import random_trajectory, replay_streams, try_acting
from engrax.testing.contract import Settings, expect
from engrax.types import Interface


def check_agent_masked_actions_are_not_taken(
    agent: AbstractAgent, interface: Interface, settings: Settings
) -> None:
    """Where the interface has a mask, `step` takes no other action than it allows, and the policies
    of `step` and `unroll` give all others a probability of 0.
    """
    if interface.mask is None:
        return
    law, hint = "masked_actions_are_not_taken", "Use `engrax.agents.base.masked` in both."
    trial, actions = (
        try_acting(agent, settings, random_trajectory(interface, settings)),
        interface.actions,
    )
    forbidden = ~np.asarray(trial.acted.inputs.observation[interface.mask])
    taken = policy_class(actions).code(actions, jnp.asarray(trial.acted.actions)) > 0
    expect(not (taken & forbidden).any(), law, f"`step` took an action that was masked. {hint}")
    _, outs = replay_streams(agent, trial.states[0], *trial.segment(0, settings.steps))
    first = forbidden[:, : settings.steps]
    for name, policy, there in (
        ("step", trial.acted.policy, forbidden),
        ("unroll", outs.policy, first),
    ):
        features = jax.tree.map(jnp.asarray, policy).features()
        largest = float(jnp.max(jnp.where(there, jnp.exp(features), 0.0)))
        message = f"`{name}`: a masked action has a probability of {largest:.3g}. {hint}"
        expect(largest == 0.0, law, message)
