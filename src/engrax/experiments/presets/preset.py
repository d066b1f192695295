"""An experiment under a name, and a line about it."""

from typing import NamedTuple

from engrax.experiments.config import Experiment

TITLES = {
    "dnc": "a DNC",
    "gtrxl": "GTrXL",
    "gtrxl-light": "a GTrXL with the FLOPs of HCAM",
    "hcam": "HCAM",
    "lstm": "an LSTM",
    "merlin": "MERLIN",
    "none": "no memory",
    "ntm": "an NTM",
    "rl-mem": "RL-MEM",
    "rma": "RMA",
    "trxl": "TrXL",
}
"""The memories and agents that names of presets begin with, as descriptions call them."""


class Preset(NamedTuple):
    """An experiment to start from.

    Attributes:
        description: one line: the task, the agent, and how large it is.
        experiment: the experiment.
    """

    description: str
    experiment: Experiment
