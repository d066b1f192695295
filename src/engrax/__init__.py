"""engrax: reinforcement-learning agents with long-term memory, in JAX.

This file imports nothing heavy: `gymnasium` loads the package to find its environments, and must
not pay for JAX. The names below are imported from their sub-packages when they are first used.
"""

import sys
from typing import TYPE_CHECKING

if sys.platform == "win32":
    raise ImportError("engrax runs on Linux and macOS: on Windows, install it inside WSL")

from engrax._lazy import offered
from engrax.gym.registration import wait_for_gymnasium

if TYPE_CHECKING:
    from engrax.agents import MERLIN as MERLIN
    from engrax.agents import ActorCritic as ActorCritic
    from engrax.experiments import Experiment as Experiment
    from engrax.experiments.presets import PRESETS as PRESETS
    from engrax.memory import HCAM as HCAM
    from engrax.runs.building import load_trained as load_trained
    from engrax.runs.directory import RunDirectory as RunDirectory
    from engrax.runs.evaluating import evaluate as evaluate
    from engrax.runs.exporting import export as export
    from engrax.runs.policy import Policy as Policy
    from engrax.runs.policy import load as load
    from engrax.runs.training import resume as resume
    from engrax.runs.training import train as train
    from engrax.testing import check_agent as check_agent
    from engrax.testing import check_environment as check_environment
    from engrax.testing import check_memory as check_memory

wait_for_gymnasium()

__version__ = "0.1.0"

_HOMES = {
    "HCAM": "engrax.memory",
    "MERLIN": "engrax.agents",
    "PRESETS": "engrax.experiments.presets",
    "ActorCritic": "engrax.agents",
    "Policy": "engrax.runs.policy",
    "Experiment": "engrax.experiments",
    "RunDirectory": "engrax.runs.directory",
    "check_agent": "engrax.testing",
    "check_environment": "engrax.testing",
    "check_memory": "engrax.testing",
    "evaluate": "engrax.runs.evaluating",
    "export": "engrax.runs.exporting",
    "load": "engrax.runs.policy",
    "load_trained": "engrax.runs.building",
    "resume": "engrax.runs.training",
    "train": "engrax.runs.training",
}

__all__ = [
    "HCAM",
    "MERLIN",
    "PRESETS",
    "ActorCritic",
    "Experiment",
    "Policy",
    "RunDirectory",
    "check_agent",
    "check_environment",
    "check_memory",
    "evaluate",
    "export",
    "load",
    "load_trained",
    "resume",
    "train",
]


__getattr__ = offered(__name__, _HOMES)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
