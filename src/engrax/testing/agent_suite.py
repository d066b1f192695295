"""The contract suite of agents: all laws by name, and one call that tries them."""

from collections.abc import Callable, Mapping

import jax
from jaxtyping import Array, Key

from engrax.agents.base import AbstractAgent
from engrax.testing import agent_first_laws as first_laws
from engrax.testing import agent_laws as laws
from engrax.testing import agent_mask_laws as mask_laws
from engrax.testing import refresh_laws
from engrax.testing.contract import Settings, run_laws
from engrax.types import Interface

AGENT_LAWS: Mapping[str, Callable[[AbstractAgent, Interface, Settings], None]] = {
    "state_is_stable": laws.check_agent_state_is_stable,
    "actions_are_in_range": laws.check_agent_actions_are_in_range,
    "masked_actions_are_not_taken": mask_laws.check_agent_masked_actions_are_not_taken,
    "unroll_is_acting": laws.check_agent_unroll_is_acting,
    "greedy_is_likeliest": laws.check_agent_greedy_is_likeliest,
    "state_crosses_segments": laws.check_agent_state_crosses_segments,
    "streams_stay_apart": laws.check_agent_streams_stay_apart,
    "first_forgets_state": first_laws.check_agent_first_forgets_state,
    "first_forgets_action_and_reward": first_laws.check_agent_first_forgets_action_and_reward,
    "none_is_empty": laws.check_agent_none_is_empty,
    "refresh_is_identity": refresh_laws.check_agent_refresh_is_identity,
    "pack_undoes_unpack": refresh_laws.check_agent_pack_undoes_unpack,
    "auxiliary_losses": first_laws.check_agent_auxiliary_losses,
    "metrics": first_laws.check_agent_metrics,
    "gradients_are_finite": first_laws.check_agent_gradients_are_finite,
    "parameter_groups": laws.check_agent_parameter_groups,
    "one_trace": laws.check_agent_one_trace,
}
"""Every law of an agent by name."""


def check_agent(
    agent: AbstractAgent,
    interface: Interface,
    *,
    key: Key[Array, ""] | None = None,
    steps: int = 16,
    tolerance: float = 1e-4,
) -> None:
    """Tries every law of the agent contract on random observations, and reports all that are
    broken.

    Use a small agent: most of the time goes into compiling some ten small programs.

    Args:
        agent: the agent to test.
        interface: what it sees and does.
        key: draws observations, rewards, episodes and the agent's own keys; by default always the
            same.
        steps: T, the length of a segment; three are acted through.
        tolerance: how far numbers may differ, absolute below 1 and relative above.

    Raises:
        ContractError: naming each broken law, where it fails, and what to look at.
    """
    key = jax.random.key(0) if key is None else key
    settings = Settings(key, steps, tolerance=tolerance)
    run_laws(type(agent).__name__, AGENT_LAWS, agent, interface, settings)
