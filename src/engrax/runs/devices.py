"""The devices of a run: as many as it was started with, wherever it goes on."""

import os
from dataclasses import replace

import jax

from engrax.experiments.config import Experiment


def cores() -> int:
    """The processor's cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def offer_devices(count: int | None = None) -> int:
    """Has JAX make several devices of a CPU, if it has not started yet.

    Args:
        count: how many; if not given, those that the user asks JAX for (`JAX_NUM_CPU_DEVICES`), or
            else one for each core.

    Returns:
        The devices that there are, of the kind that JAX computes on.
    """
    asked = jax.config.jax_num_cpu_devices
    wanted = count or (asked if asked > 0 else cores())
    try:
        jax.config.update("jax_num_cpu_devices", wanted)
    except RuntimeError:  # JAX has started: what there is must do
        pass
    return jax.local_device_count()


def settled(experiment: Experiment) -> Experiment:
    """The experiment with its placement decided, as a new run keeps it.

    It starts JAX, which may fail; see `engrax.runs.backend`.
    """
    placement = experiment.placement
    available = offer_devices(placement.devices)
    return replace(experiment, placement=experiment.place(available))
