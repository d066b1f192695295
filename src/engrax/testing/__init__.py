"""Public contract suites: the laws every memory, agent, environment and world keeps, to be tried on
yours.
"""

from engrax.testing.agent_suite import AGENT_LAWS, check_agent
from engrax.testing.contract import ContractError, Settings
from engrax.testing.environment_laws import ENVIRONMENT_LAWS, check_environment
from engrax.testing.memory_suite import MEMORY_LAWS, check_memory
from engrax.testing.random_inputs import garbage_like, random_observations
from engrax.testing.world_laws import WORLD_LAWS, check_world, check_worlds_agree

__all__ = [
    "AGENT_LAWS",
    "ENVIRONMENT_LAWS",
    "MEMORY_LAWS",
    "WORLD_LAWS",
    "ContractError",
    "Settings",
    "check_agent",
    "check_environment",
    "check_memory",
    "check_world",
    "check_worlds_agree",
    "garbage_like",
    "random_observations",
]
