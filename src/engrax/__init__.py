"""engrax: reinforcement-learning agents with long-term memory, in JAX.

This file imports nothing heavy: `gymnasium` loads the package to find its environments,
and must not pay for JAX. Import what you need from the sub-packages.
"""

__version__ = "0.1.0"
