"""engrax: reinforcement-learning agents with long-term memory, in JAX.

This file imports nothing heavy: `gymnasium` loads the package to find its environments,
and must not pay for JAX. Import what you need from the sub-packages.
"""

from engrax.gym.registration import wait_for_gymnasium

wait_for_gymnasium()

__version__ = "0.1.0"
